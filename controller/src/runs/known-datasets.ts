// datasets-STRATEGY.json in Haven's home: which id stood for which dataset at that strategy's last backup, so that one that vanishes is told instead of forgotten.
// It holds names: readable by its owner alone, and shown nowhere but by `haven status`.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import type { Expansion, Found } from '../config/expand.ts';

const Known = z.record(
  z.string(),
  z.strictObject({
    dataset: z.string(),
    root: z.string(),
    goneSince: z.string().nullable(),
    /** A volume, which the strategy cannot back up. */
    leftOut: z.boolean().default(false),
  }),
);
export type Known = z.infer<typeof Known>;

/** Given the file, return what is in it; one that is missing or unreadable knows nothing: it is only a memory. */
export function readKnown(path: string): Known {
  try {
    return Known.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return {};
  }
}

export function writeKnown(path: string, known: Known): void {
  writeFileSync(`${path}.part`, `${JSON.stringify(known, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.part`, path);
}

/**
 * Given what was known and what there is now, return what is known from now on. Forgotten is what the owner himself took out of the
 * configuration: by its entry, or by an exclude. Nothing is said of entries that could not be looked at.
 */
export function remember(
  before: Known,
  { found, leftOut, excluded, looked }: Expansion & { leftOut: Found[]; looked: string[] },
  roots: string[],
  now: Date,
): Known {
  const after: Known = {};
  const take = (all: Found[], isLeftOut: boolean) => {
    for (const { id, dataset, root } of all)
      after[id] = { dataset, root, goneSince: null, leftOut: isLeftOut };
  };
  take(found, false);
  take(leftOut, true);
  for (const [id, was] of Object.entries(before)) {
    if (id in after || !roots.includes(was.root) || excluded.includes(was.dataset)) continue;
    after[id] = looked.includes(was.root) ? { ...was, goneSince: was.goneSince ?? now.toISOString() } : was;
  }
  return after;
}
