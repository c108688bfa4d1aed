// datasets-STRATEGY.json in Haven's home: which id stood for which dataset at that strategy's last backup, so that one that vanishes is told instead of forgotten.
// It holds names: readable by its owner alone, and shown nowhere but by `haven status`.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import type { App } from '../app.ts';
import type { Expansion, Found } from '../config/expand.ts';
import { type Config, entriesOf } from '../config/schema.ts';
import type { StrategyName } from '../contract/request.ts';

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

export interface Vanished {
  id: string;
  dataset: string;
  /** When it was noticed that there is no such dataset; null: it is no longer in the configuration. */
  goneSince: string | null;
}

/** Given what is known of a strategy's datasets, return those that it backed up and backs up no more, unless they are retired. */
export function vanished(known: Known, config: Config, strategy: StrategyName): Vanished[] {
  const roots = entriesOf(config, strategy).map(({ id }) => id);
  return Object.entries(known).flatMap(([id, { dataset, root, goneSince, leftOut }]) => {
    const isMeant = leftOut || config.retired.includes(id) || config.retired.includes(root);
    if (isMeant || (goneSince === null && roots.includes(root))) return [];
    return [{ id, dataset, goneSince: roots.includes(root) ? goneSince : null }];
  });
}

export function readVanished({ config, home }: App, strategy: StrategyName): Vanished[] {
  return vanished(readKnown(home.datasets[strategy]), config, strategy);
}

/**
 * Given what was known and what there is now, return what is known from now on. Forgotten is what the owner himself put an end to: by `retired`, or by an
 * exclude. An entry that is no longer in the configuration may have been lost with a line of it, so it is kept. Nothing is said of entries that could not be looked at.
 */
export function remember(
  before: Known,
  { found, leftOut, excluded, looked }: Expansion & { leftOut: Found[]; looked: string[] },
  { roots, retired }: { roots: string[]; retired: string[] },
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
    const isEnded = retired.includes(id) || retired.includes(was.root) || excluded.includes(was.dataset);
    if (id in after || isEnded) continue;
    const isGone = roots.includes(was.root) && looked.includes(was.root);
    after[id] = isGone ? { ...was, goneSince: was.goneSince ?? now.toISOString() } : was;
  }
  return after;
}
