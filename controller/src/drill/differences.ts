// comparison.json of the drill's image: which entries differ, and by what. It names files, so it stays in files of the owner's; a log or the history never has it.
import * as z from 'zod';

/** As many as somebody reads on a page; the counts are of all. */
export const shownDifferences = 100;

export interface Difference {
  /** Of the entry within the dataset; bytes that are no text are shown as replacement characters. */
  path: string;
  /** What differs: content, mode, mtime, xattr … */
  attribute: string;
  source: string;
  restored: string;
}

export interface Differences {
  count: number;
  first: Difference[];
}

const Item = z.looseObject({
  path: z.string(),
  kind: z.string(),
  detail: z.string().optional(),
  source: z.unknown(),
  restored: z.unknown(),
});
const Details = z.looseObject({ mismatches: z.int().min(0), listed: z.array(Item) });

/** Given the text of comparison.json, return what it lists; null when it is not what it should be, which the caller must say. */
export function readDifferences(text: string): Differences | null {
  const parsed = Details.safeParse(jsonOrNull(text));
  if (!parsed.success) return null;
  const { mismatches, listed } = parsed.data;
  const first = listed.slice(0, shownDifferences).map(({ path, kind, detail, source, restored }) => ({
    path: path.toWellFormed(),
    attribute: detail === undefined ? kind : `${kind} ${detail.toWellFormed()}`,
    source: inWords(source),
    restored: inWords(restored),
  }));
  return { count: mismatches, first };
}

function inWords(value: unknown): string {
  const text = z.looseObject({ text: z.string() }).safeParse(value);
  if (text.success) return text.data.text.toWellFormed();
  return typeof value === 'string' ? value.toWellFormed() : JSON.stringify(value ?? null);
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
