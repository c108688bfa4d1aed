// Snapshots of the owner's datasets. What we make carries a mark (user property haven:snapshot=RUN); only what carries it is ever destroyed.
import { HavenError } from '../errors.ts';
import type { Command } from './command.ts';

export const mark = 'haven:snapshot';

export interface Snapshot {
  name: string;
  /** Decimal text: 64 bits do not fit a number. */
  guid: string;
  createdTxg: bigint;
  createdAt: Date;
  holds: number;
  /** The run that made it; null for everything that is not ours. */
  markedBy: string | null;
}

/** Given a dataset, return its own snapshots, oldest first. */
export async function listSnapshots(zfs: Command, dataset: string): Promise<Snapshot[]> {
  const properties = ['guid', 'createtxg', 'creation', 'userrefs', mark];
  const output = await zfs([
    'get',
    ...['-H', '-p', '-t', 'snapshot', '-d', '1'],
    ...['-o', 'name,property,value,source', properties.join(','), dataset],
  ]);
  const found = new Map<string, Record<string, string>>();
  for (const line of output.split('\n').filter(Boolean)) {
    const [full, property, value, source] = line.split('\t') as [string, string, string, string];
    const name = full.slice(full.indexOf('@') + 1);
    const entry = found.get(name) ?? {};
    found.set(name, entry);
    // A mark that the snapshot merely inherits from its dataset says nothing about who made the snapshot.
    if (property !== mark || source === 'local') entry[property] = value;
  }
  const snapshots = [...found].map(([name, entry]): Snapshot => {
    return {
      name,
      guid: entry.guid ?? '',
      createdTxg: BigInt(entry.createtxg ?? '0'),
      createdAt: new Date(Number(entry.creation ?? '0') * 1000),
      holds: Number(entry.userrefs ?? '0'),
      markedBy: entry[mark] ?? null,
    };
  });
  return snapshots.sort((a, b) => (a.createdTxg < b.createdTxg ? -1 : 1));
}

/** Takes one snapshot of each dataset; those of one pool are of the same instant. */
export async function takeSnapshots(
  zfs: Command,
  datasets: string[],
  name: string,
  run: string,
): Promise<void> {
  const byPool = Map.groupBy(datasets, (dataset) => dataset.split('/')[0] ?? dataset);
  for (const ofPool of byPool.values()) {
    await zfs(['snapshot', '-o', `${mark}=${run}`, ...ofPool.map((dataset) => `${dataset}@${name}`)]);
  }
}

/** Given a snapshot that we made, destroy it; refuses what does not carry the mark, and what is held. */
export async function destroySnapshot(zfs: Command, dataset: string, name: string): Promise<void> {
  const found = (await listSnapshots(zfs, dataset)).find((snapshot) => snapshot.name === name);
  if (found === undefined) return;
  const refuse = (message: string): never => {
    throw new HavenError({ code: 'failed', operation: 'destroy a snapshot', message });
  };
  if (found.markedBy === null) refuse('it does not carry the mark of Haven');
  if (found.holds > 0) refuse('it is held');
  await zfs(['destroy', `${dataset}@${name}`]);
}

export async function holdSnapshot(zfs: Command, tag: string, dataset: string, name: string): Promise<void> {
  await zfs(['hold', tag, `${dataset}@${name}`]);
}

export async function releaseSnapshot(
  zfs: Command,
  tag: string,
  dataset: string,
  name: string,
): Promise<void> {
  await zfs(['release', tag, `${dataset}@${name}`]);
}

/** Given snapshots of a dataset, return the holds that begin with a prefix. */
export async function findHolds(
  zfs: Command,
  dataset: string,
  snapshots: Snapshot[],
  prefix: string,
): Promise<{ name: string; tag: string }[]> {
  const held = snapshots.filter((snapshot) => snapshot.holds > 0);
  if (held.length === 0) return [];
  const output = await zfs(['holds', '-H', ...held.map((snapshot) => `${dataset}@${snapshot.name}`)]);
  return output
    .split('\n')
    .map((line) => line.split('\t'))
    .filter((fields) => fields[1]?.startsWith(prefix))
    .map(([full, tag]) => ({ name: full!.slice(full!.indexOf('@') + 1), tag: tag! }));
}
