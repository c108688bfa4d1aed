// What a strategy backs up today: the entries of the configuration, and for recursive ones every filesystem and volume below them. A strategy that
// reads trees of files leaves volumes out; that is told wherever somebody looks, and is no failure.
import type { App } from '../app.ts';
import { type Expansion, expand, type Found } from '../config/expand.ts';
import { entriesOf } from '../config/schema.ts';
import { type ErrorReport, exitCodes, HavenError, reportOf } from '../errors.ts';
import type { Strategy } from '../strategies/strategy.ts';
import type { Branch } from '../zfs/tree.ts';
import { listTree } from '../zfs/tree.ts';
import { readKnown, remember, vanished, writeKnown } from './known-datasets.ts';
import type { Ending } from './recorded.ts';

export interface Looked extends Expansion {
  /** Entries whose dataset could be looked at. */
  looked: string[];
  /** Volumes that this strategy cannot back up. */
  leftOut: Found[];
}

/** Returns what there is; an entry that cannot be looked at stands for its own dataset alone, so that its drill can say what is wrong. */
export async function sourcesOf(app: App, strategy: Strategy): Promise<Looked> {
  const entries = entriesOf(app.config, strategy.name);
  const trees = new Map<string, Branch[]>();
  for (const { id, dataset, recursive } of entries) {
    try {
      trees.set(id, await listTree(app.zfs, dataset, recursive));
    } catch (error) {
      app.log.warn({ dataset: id, err: error }, 'a dataset of the configuration cannot be looked at');
    }
  }
  const expansion = expand(entries, (id) => trees.get(id));
  const twice = expansion.found.find(
    ({ id }, at) => expansion.found.findIndex((one) => one.id === id) !== at,
  );
  if (twice !== undefined) {
    const message = `two datasets have the id ${twice.id}`;
    const hint = `give one of them an entry of its own in ${app.home.config}`;
    throw new HavenError({ code: 'bad-request', operation: 'expand datasets', message, hint });
  }
  const leftOut = expansion.found.filter(({ volume }) => volume && strategy.reads === 'trees');
  const found = expansion.found.filter((source) => !leftOut.includes(source));
  return { ...expansion, found, leftOut, looked: [...trees.keys()] };
}

/** For a backup: tells of excludes that match nothing and of datasets that vanished, remembers the rest, and sets aside what is locked. */
export async function sourcesToBackUp(
  app: App,
  strategy: Strategy,
): Promise<{ open: Found[]; locked: Found[] }> {
  const expansion = await sourcesOf(app, strategy);
  for (const { id } of expansion.idle)
    app.log.warn({ dataset: id }, 'an exclude matches nothing; `haven doctor` says which');
  const path = app.home.datasets[strategy.name];
  const roots = entriesOf(app.config, strategy.name).map(({ id }) => id);
  const known = remember(readKnown(path), expansion, { roots, retired: app.config.retired }, app.now());
  writeKnown(path, known);
  for (const { id, goneSince } of vanished(known, app.config, strategy.name))
    app.log.warn({ dataset: id, goneSince }, 'a dataset is no longer backed up');
  const locked = expansion.found.filter((source) => source.locked);
  const open = expansion.found.filter((source) => !source.locked);
  if (expansion.found.length === 0) {
    const message =
      expansion.leftOut.length > 0
        ? `there are only volumes, and strategy ${strategy.name} backs up files: there is nothing to back up`
        : 'every dataset is excluded: there is nothing to back up';
    const hint = 'see `datasets` and `exclude` in haven.yaml';
    throw new HavenError({ code: 'bad-request', operation: 'expand datasets', message, hint });
  }
  if (open.length === 0) throw new HavenError({ ...lockedError(locked), code: 'source-unreadable' });
  return { open, locked };
}

/** Given how the others ended, return how the run ended: what was set aside is not backed up, so it is not ok. */
export function withLocked(ending: Ending, locked: Found[]): Ending {
  if (locked.length === 0) return ending;
  const error = lockedError(locked);
  if (ending.outcome === 'ok') return { ...ending, outcome: 'partial', exit: exitCodes.partial, error };
  const told = ending.error ?? reportOf(undefined, 'backup');
  return { ...ending, error: { ...told, message: `${told.message}; and ${error.message}` } };
}

function lockedError(locked: Found[]): ErrorReport {
  const ids = locked.map(({ id }) => id).join(', ');
  return {
    code: 'partial',
    operation: 'backup',
    message: `not backed up, because the encryption key is not loaded: ${ids}`,
    hint: 'zfs load-key; `haven status` tells which datasets these are',
  };
}
