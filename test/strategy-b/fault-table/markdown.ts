// The fault table for readers. Nothing in it may change from run to run: no times, no ids, no system's word for a broken connection.
import type { LooseEvent } from '../harness.ts';
import type { Row } from './row.ts';

export interface Outcome {
  row: Row;
  said: string[];
  exit: number;
  /** What is in the store then. */
  store: string;
}

/** Given a run's events, return what it said, each thing once. */
export function saidIn(events: LooseEvent[]): string[] {
  const notes = events.flatMap(({ event, code, message }) =>
    event === 'note' ? [`${code}: ${lasting(String(message))}`] : [],
  );
  const error = events.at(-1)?.error as { code: string; message: string } | undefined;
  const end = error === undefined ? [] : [`**${error.code}**: ${lasting(error.message)}`];
  return [...new Set([...notes, ...end])];
}

function lasting(message: string): string {
  return message
    .replace(/; next try in .*$/, '')
    .replace(/no answer \(\w+\)/, 'no answer')
    .replace(/about \d+ min/, 'about … min')
    .replace(/instead of \d+/, 'instead of …')
    .replace(/\b[0-9a-f]{32}\b/g, '…');
}

export function asMarkdown(
  tables: { title: string; outcomes: Outcome[] }[],
  exempt: Record<string, string>,
): string {
  const chapters = tables.map(({ title, outcomes }) =>
    [`## ${title}`, '', ...heading, ...outcomes.map(line), ''].join('\n'),
  );
  const left = Object.entries(exempt).map(([name, why]) => `- \`${name}\`: ${why}.`);
  return [intro, ...chapters, '## In no row', '', ...left, ''].join('\n');
}

const intro = `# What strategy B does when Google Drive, or the line to it, misbehaves

Written by \`test/strategy-b/fault-table.test.ts\`, which runs a small backup of two parts through each fault of the [emulator](../test/servers/drive/README.md), by real processes but a clock that
leaps over waits. It fails when a fault is in no row, and when this page is not what it saw (\`HAVEN_WRITE=1\` writes it anew). "Verified": an audit is content, each part is there once, and \`gpg\` and \`xz\` alone give
back the very stream. What no backup came of was finished by the next run, and verified then. Exit statuses are those of [the contract](../images/CONTRACT.md).
`;

const heading = ['| fault | strikes | strategy B says | exit | the store then |', '|---|---|---|---|---|'];

function line({ row, said, exit, store }: Outcome): string {
  const verb = row.at === 'audit' ? 'audit: ' : '';
  const cells = [`\`${row.about}\``, verb + row.where, said.join('; ') || '–', String(exit), store];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
