// What a person sees on the printed pages: lines of text with their spaces, and codes with what stands under them.
import type { Page, Word } from './printer.ts';

/** Where the pages' numbers are, below what is written. */
const foot = (15 / 25.4) * 72;

/** Given the pages, return their lines as somebody would copy them. */
export function linesOn(pages: Page[]): string[] {
  const edge = Math.min(...pages.flatMap(({ words }) => words.map(({ left }) => left)));
  return pages.flatMap(({ words, height }) =>
    rowsOf(words.filter(({ top }) => top < height - foot)).map((row) => copied(row, edge)),
  );
}

function rowsOf(words: Word[]): Word[][] {
  const rows: Word[][] = [];
  for (const word of words.toSorted((one, other) => one.bottom - other.bottom)) {
    const row = rows.at(-1);
    if (row !== undefined && word.bottom - row[0]!.bottom < 2) row.push(word);
    else rows.push([word]);
  }
  return rows.map((row) => row.toSorted((one, other) => one.left - other.left));
}

/** Letters are all of one width where spaces matter, so that a gap's width says how many there are. */
function copied(row: Word[], edge: number): string {
  const [{ left, right, text }] = row as [Word];
  const width = (right - left) / [...text].length;
  let at = edge;
  let line = '';
  for (const word of row) {
    line += ' '.repeat(Math.max(0, Math.round((word.left - at) / width))) + word.text;
    at = word.right;
  }
  return line;
}

/** Given lines and a file's name, return what is there to be typed of it. */
export function linesToType(lines: string[], name: string): string[] {
  const from = lines.findIndex((line) => line.trim() === name) + 1;
  const to = lines.findIndex((line, at) => at >= from && /: \d+ of \d+/.test(line));
  const typed: string[] = [];
  for (const line of lines.slice(from, to).map((one) => one.trimStart())) {
    if (/^[0-9a-f]{4} /.test(line)) typed.push(line);
    else typed.push(`${typed.pop() ?? ''}${line}`);
  }
  return typed;
}

export interface Caption {
  name: string;
  number: number;
  of: number;
  page: Page;
  /** In points. */
  middle: number;
  top: number;
}

/** Given the pages, return what stands under each code: `a/restore-a.sh.gz: 3 of 10`. */
export function captionsOn(pages: Page[]): Caption[] {
  return pages.flatMap((page) =>
    page.words.flatMap((word, at) => {
      const [number, of, count] = page.words.slice(at + 1, at + 4);
      if (!/^[ab]\/\S+:$/.test(word.text) || of?.text !== 'of') return [];
      const place = { page, middle: (word.left + count!.right) / 2, top: word.top };
      return {
        name: word.text.slice(0, -1),
        number: Number(number!.text),
        of: Number(count!.text),
        ...place,
      };
    }),
  );
}
