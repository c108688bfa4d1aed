// Holds keep a snapshot from being destroyed while we need it. Only tags `haven:b:BACKUP` are ever made or released.
import type { Events } from '../contract/events.ts';
import type { Source } from '../contract/request.ts';
import type { Zfs } from './zfs.ts';

const prefix = 'haven:b:';

export interface Hold {
  /** `dataset@snapshot`. */
  snapshot: string;
  backup: string;
}

export async function hold(zfs: Zfs, { snapshot, backup }: Hold): Promise<void> {
  await zfs.run(['hold', prefix + backup, snapshot]);
}

export async function release(zfs: Zfs, { snapshot, backup }: Hold): Promise<void> {
  await zfs.run(['release', prefix + backup, snapshot]);
}

/** Given a source, return our holds on all snapshots of its dataset. */
export async function listHolds(zfs: Zfs, source: Source): Promise<Hold[]> {
  const list = await zfs.run([
    'list',
    '-H',
    '-p',
    '-t',
    'snapshot',
    '-o',
    'userrefs,name',
    '-d',
    '1',
    source.dataset,
  ]);
  const held = list
    .split('\n')
    .map((line) => line.split('\t'))
    .flatMap(([references, name]) => (name === undefined || references === '0' ? [] : [name]));
  if (held.length === 0) return [];
  return parseHolds(await zfs.run(['holds', '-H', ...held]));
}

/** Given the output of `zfs holds -H` (name, tag, time), return those of ours. */
export function parseHolds(output: string): Hold[] {
  return output
    .split('\n')
    .map((line) => line.split('\t'))
    .flatMap(([snapshot, tag]) =>
      snapshot !== undefined && tag?.startsWith(prefix)
        ? [{ snapshot, backup: tag.slice(prefix.length) }]
        : [],
    );
}

/** Releases those of our holds on this dataset that nobody needs. One that cannot be released costs space, not safety: it is told, and tried again next time. */
export async function releaseHolds(
  zfs: Zfs,
  source: Source,
  events: Events,
  unneeded: (held: Hold) => boolean,
): Promise<void> {
  try {
    for (const held of await listHolds(zfs, source)) if (unneeded(held)) await release(zfs, held);
  } catch (error) {
    const message = `old holds of ${source.id} were not released: ${(error as Error).message}`;
    events.note('warn', 'hold-left', message);
  }
}
