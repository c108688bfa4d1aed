// A verdict as one page for people, complete in itself: no script, nothing loaded from anywhere, so that it can be printed or mailed and kept for years.
import { bytes, duration } from '../cli/words.ts';
import type { Differences } from './differences.ts';
import type { Claim, Level } from './levels.ts';
import type { ReadVerdict } from './stream-level.ts';
import type { Verdict } from './verdict.ts';

export interface VerdictPage {
  run: string;
  at: string;
  strategy: string;
  level: Level;
  pass: boolean;
  sentence: string;
  claim: Claim;
  seconds: number;
  rot: string[];
  rotation: { now: Turn[]; later: Turn[] } | null;
  sources: ((Verdict | ReadVerdict) & {
    /** By what it was compared with; null where the list could not be read. Empty where nothing was compared. */
    differences: { with: string; found: Differences | null }[];
  })[];
}

interface Turn {
  source: string;
  why: string;
}

/** Given a verdict, return it as HTML. Every value is data: whatever a file is called, it is shown and never obeyed. */
export function verdictPage(verdict: VerdictPage): string {
  const word = verdict.pass ? 'GREEN' : 'RED';
  const restored = verdict.level === 'restore';
  const what = `${restored ? 'Restoration drill' : 'Drill of level stream'} of strategy ${verdict.strategy}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${word}: ${what}, ${verdict.at}</title>
<style>${new Raw(style)}</style>
</head>
<body class="${word.toLowerCase()}">
<h1><span class="word">${word}</span> ${what}</h1>
<p class="sentence">${verdict.sentence}</p>
<table>
${rows([
  ['run', verdict.run],
  ['ended', verdict.at],
  [restored ? 'time to restore and compare' : 'time to download and read', duration(verdict.seconds)],
])}
</table>
${verdict.rot.map((reason) => html`<p class="failed">Not as it should be: ${reason}.</p>`)}
${verdict.sources.map(section)}
${turns(verdict)}
<h2>What this proves, and what not</h2>
<p>${verdict.claim.proves} ${verdict.claim.doesNotProve}</p>
</body>
</html>
`.text;
}

function turns({ rotation }: VerdictPage): Raw {
  if (rotation === null) return html``;
  return html`<h2>Whose turn it was</h2>
<table>
${rows([
  ...rotation.now.map(({ source, why }): [string, string] => [source, `restored now: ${why}`]),
  ...rotation.later.map(({ source, why }): [string, string] => [source, `later: ${why}`]),
])}
</table>`;
}

function section({ evidence, checks, sentence, differences }: VerdictPage['sources'][number]): Raw {
  const { backup } = evidence;
  return html`<h2>${evidence.source}</h2>
<p>${sentence}</p>
<table>
${rows([
  ['backup', backup.ok ? backup.value.id : backup.reason],
  ['made', backup.ok ? backup.value.createdAt : 'unknown'],
  ['compared' in evidence ? 'restored and compared in' : 'read in', duration(evidence.seconds)],
  ['compared', comparedInWords(evidence)],
  ['not kept, so not compared', evidence.notKept.join('; ') || 'nothing'],
])}
</table>
<h3>Checks</h3>
<table>
<tr><th>check</th><th></th><th>evidence</th></tr>
${checks.map(
  ({
    name,
    pass,
    detail,
  }) => html`<tr class="${pass ? 'ok' : 'failed'}"><td>${name}</td><td>${pass ? 'ok' : 'FAILED'}</td><td>${detail}</td></tr>
`,
)}</table>
${differences.map(differing)}
<h3>Tools</h3>
<table>
${rows(Object.entries(evidence.tools).map(([name, version]) => [name, typeof version === 'string' ? version : JSON.stringify(version)]))}
</table>
`;
}

function comparedInWords(evidence: (Verdict | ReadVerdict)['evidence']): string {
  if (!('compared' in evidence)) return 'with nothing: that is what a drill of level restore does';
  const { compared } = evidence;
  return compared.ok ? `${compared.value.entries} entries, ${bytes(compared.value.bytes)}` : compared.reason;
}

function differing({ with: other, found }: VerdictPage['sources'][number]['differences'][number]): Raw {
  if (found === null)
    return html`<p class="failed">What differs from ${other} could not be read: comparison.json of the run is missing or damaged.</p>`;
  if (found.count === 0) return html``;
  const more = found.count - found.first.length;
  return html`<h3>${found.count} ${found.count === 1 ? 'difference' : 'differences'} from ${other}</h3>
<table>
<tr><th>path</th><th>what differs</th><th>${other}</th><th>restored</th></tr>
${found.first.map(
  ({
    path,
    attribute,
    source,
    restored,
  }) => html`<tr><td class="path">${path}</td><td>${attribute}</td><td>${source}</td><td>${restored}</td></tr>
`,
)}</table>
${more > 0 ? html`<p>… and ${more} more.</p>` : html``}`;
}

function rows(pairs: string[][]): Raw[] {
  return pairs.map(
    ([name = '', value = '']) => html`<tr><th>${name}</th><td>${value}</td></tr>
`,
  );
}

/** HTML that is finished. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes every value that is not finished HTML already, so that forgetting it is not possible. Control characters are shown, not sent to a terminal or a printer. */
function html(parts: TemplateStringsArray, ...values: (string | number | Raw | Raw[])[]): Raw {
  const shown = (value: string | number | Raw | Raw[]): string => {
    if (Array.isArray(value)) return value.map(({ text }) => text).join('');
    if (value instanceof Raw) return value.text;
    return String(value)
      .replace(/[&<>"']/g, (character) => entities[character]!)
      .replace(
        /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
  };
  return new Raw(parts.reduce((text, part, index) => text + shown(values[index - 1]!) + part));
}

const style = `
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; } h3 { font-size: 1rem; }
.word { color: #fff; padding: 0.1em 0.5em; border-radius: 0.2em; print-color-adjust: exact; }
.green .word { background: #17692f; } .red .word { background: #a3121f; }
.sentence { font-size: 1.1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid #ddd; font-weight: normal; overflow-wrap: anywhere; }
th { color: #555; white-space: nowrap; }
.failed, .failed td { color: #a3121f; font-weight: bold; }
.path { font-family: ui-monospace, monospace; }
`;
