// Snapshots that a strategy which reads trees has begun with, or was to begin with, and has not committed: its holds on them say so. duplicity goes on
// with a set that was cut off only from the very same snapshot; with another one it mixes two states and calls it a success.
import * as z from 'zod';
import type { App } from '../app.ts';
import { Backup } from '../contract/events.ts';
import type { Source } from '../contract/request.ts';
import { exitCodes } from '../errors.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { destroySnapshot, findHolds, listSnapshots, releaseSnapshot } from '../zfs/snapshots.ts';
import { holdPrefix } from './backup-snapshots.ts';
import { sourcesOf } from './sources.ts';

const Committed = z.object({ backups: z.array(Backup.pick({ source: true, guid: true })) });

/** A run that fails like this again and again will not be helped by the same snapshot. */
const failuresInARow = 3;

/** Given a strategy, return what it owes, the newest snapshot of each dataset; what it owes in vain is given up. */
export async function owedSources(app: App, strategy: Strategy): Promise<Source[]> {
  if (strategy.reads !== 'trees') return [];
  const committed = committedGuids(app, strategy);
  const hopeless = isHopeless(app, strategy);
  const owed: Source[] = [];
  for (const { id, dataset, locked } of (await sourcesOf(app, strategy)).found) {
    if (locked) continue;
    try {
      const snapshots = await listSnapshots(app.zfs, dataset);
      const held = await findHolds(app.zfs, dataset, snapshots, holdPrefix(strategy));
      const newest = snapshots.findLast(({ name }) => held.some((hold) => hold.name === name));
      if (newest === undefined || committed.has(`${id} ${newest.guid}`)) continue;
      if (!hopeless) owed.push({ id, dataset, snapshot: newest.name, guid: newest.guid });
      else await giveUp(app, dataset, newest, held);
    } catch (error) {
      // The backup itself says what is wrong with a dataset that cannot be looked at.
      app.log.warn({ dataset: id, err: error }, 'what an earlier run left unfinished cannot be looked at');
    }
  }
  return owed;
}

/** By the history: a lost one costs a second backup of the same snapshot. */
function committedGuids({ history }: App, { name }: Strategy): Set<string> {
  const committed = new Set<string>();
  for (const { result } of history.runs({ kind: 'backup', strategy: name, limit: 10_000 })) {
    const read = Committed.safeParse(result);
    for (const { source, guid } of read.data?.backups ?? []) committed.add(`${source} ${guid}`);
  }
  return committed;
}

function isHopeless({ history }: App, { name }: Strategy): boolean {
  const last = history.runs({ kind: 'backup', strategy: name, limit: failuresInARow });
  return last.length === failuresInARow && last.every(({ exit }) => exit === exitCodes.failed);
}

async function giveUp(
  app: App,
  dataset: string,
  snapshot: { name: string; markedBy: string | null },
  held: { name: string; tag: string }[],
): Promise<void> {
  app.log.warn('a backup that was begun is given up: it failed again and again; the next begins anew');
  const ours = held.filter(({ name }) => name === snapshot.name);
  for (const { name, tag } of ours) await releaseSnapshot(app.zfs, tag, dataset, name);
  const free = (await listSnapshots(app.zfs, dataset)).find(({ name }) => name === snapshot.name);
  if (free?.holds === 0 && free.markedBy !== null) await destroySnapshot(app.zfs, dataset, free.name);
}
