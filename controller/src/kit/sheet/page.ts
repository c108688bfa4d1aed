// The kit to be printed: one HTML page that asks for nothing else, no script, no font, no picture. Every file is there as codes; those that hold a secret as lines to be typed in, too.
import { createHash } from 'node:crypto';
import { type Codes, codesOf } from './codes.ts';
import { typedLines } from './typed-lines.ts';

export interface SheetFile {
  /** `b/passphrase`. */
  name: string;
  kind: 'secret' | 'program';
  bytes: Buffer;
}

export interface Sheet {
  /** What the owner calls this installation. */
  title: string;
  at: Date;
  /** RECOVERY.md. */
  instructions: string;
  files: SheetFile[];
}

/** Given the kit's files, return the page. */
export function sheetPage({ title, at, instructions, files }: Sheet): string {
  const day = at.toISOString().slice(0, 10);
  const secrets = files.filter(({ kind }) => kind === 'secret');
  const programs = files.filter(({ kind }) => kind === 'program');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Recovery kit of ${escaped(title)}, ${day}</title>
<style>${style}</style>
</head>
<body>
<h1>Recovery kit of ${escaped(title)}</h1>
<p class="warning">Printed from the state of ${day}. Whoever reads this can read everything that was backed up. Keep it where neither fire, flood nor thief finds both it and the server.</p>
<p>This is all that is needed to get the data back: first the secrets, then the programs, then how to use them. Each file can be had by its codes (a telephone reads them, or
<code>zbarimg</code>), and each secret by typing in its lines, exactly as they are, with the four characters in front and the mark at the end. The instructions, under
&ldquo;From the printed sheet&rdquo;, have the two commands that check what was typed, name the first wrong line, and make the file of it.</p>
<h2>Secrets</h2>
${secrets.map(fileSection).join('\n')}
<h2>Programs</h2>
<p>Only as codes, packed by gzip: read them in their order, one behind the other, into one file, then <code>gunzip</code> it. Newer ones from the Internet will do as well.</p>
${programs.map(fileSection).join('\n')}
<h2>RECOVERY.md</h2>
<pre class="instructions">${escaped(instructions)}</pre>
</body>
</html>
`;
}

function fileSection({ name, kind, bytes }: SheetFile): string {
  const codes = codesOf(bytes, kind);
  const typed = kind === 'secret' ? typedLines(bytes) : null;
  const ol = typed === null ? '' : `<pre class="typed">${typed.map(lineHtml).join('\n')}</pre>`;
  const untyped =
    kind === 'secret' && typed === null
      ? '<p>It holds characters that nobody can type in from paper: only its codes will do.</p>'
      : '';
  return `<section><h3>${escaped(name)}</h3>${untyped}${ol}${codesHtml(name, codes)}
<p class="sum">The whole of ${escaped(name)}: sha256 ${sha256(bytes).slice(0, 16)}&hellip;, ${bytes.length} bytes</p></section>`;
}

function lineHtml(line: string): string {
  return `<span class="check">${line.slice(0, 4)}</span>${escaped(line.slice(4))}`;
}

function codesHtml(name: string, { packed, images }: Codes): string {
  const file = packed ? `${name}.gz` : name;
  const figures = images.map((svg, i) => {
    return `<figure>${svg}<figcaption>${escaped(file)}: ${i + 1} of ${images.length}</figcaption></figure>`;
  });
  return `<div class="${packed ? 'programs' : 'secrets'}">${figures.join('')}</div>`;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const style = `
@page { margin: 15mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9pt sans-serif } }
body { font: 10.5pt/1.4 sans-serif; color: #000; background: #fff; max-width: 180mm; margin: 0 auto }
h1 { font-size: 18pt; margin: 0 0 2mm } h2 { font-size: 14pt; margin: 6mm 0 2mm; break-after: avoid } h3 { font: bold 11pt monospace; margin: 4mm 0 1mm; break-after: avoid }
.warning { border: 1.5pt solid #000; padding: 2mm 3mm; font-weight: bold }
pre.typed { font: 10.5pt/1.7 "DejaVu Sans Mono", "Liberation Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; border-left: 1pt solid #000; padding-left: 3mm; font-variant-ligatures: none }
.typed .check { font-weight: bold }
pre.instructions { font: 8.5pt/1.35 "DejaVu Sans Mono", "Liberation Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere }
.secrets, .programs { display: flex; flex-wrap: wrap; gap: 3mm; margin-top: 2mm }
figure { margin: 0; break-inside: avoid; text-align: center } figcaption { font: 8pt monospace }
.secrets figure svg { width: 56mm; height: 56mm } .programs figure svg { width: 57mm; height: 57mm }
.sum { font: 8.5pt monospace; margin: 1mm 0 0; break-before: avoid }
`;
