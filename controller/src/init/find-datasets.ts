import { HavenError } from '../errors.ts';
import type { Command } from '../zfs/command.ts';

export interface Candidate {
  name: string;
  volume: boolean;
  /** With its snapshots and all that is below it. */
  usedBytes: number;
  /** What a full backup of it alone reads. */
  bytes: number;
}

/** Returns every filesystem and volume of this machine but those of drills; throws bad-request when there is none. */
export async function findDatasets(zfs: Command): Promise<Candidate[]> {
  const columns = 'name,type,used,referenced';
  const output = await zfs(['list', '-H', '-p', '-t', 'filesystem,volume', '-o', columns]);
  const found = output
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name = '', type = '', used = '0', referenced = '0'] = line.split('\t');
      return { name, volume: type === 'volume', usedBytes: Number(used), bytes: Number(referenced) };
    })
    .filter(({ name }) => !name.startsWith('haven-drill-'));
  if (found.length > 0) return found;
  throw new HavenError({
    code: 'bad-request',
    operation: 'find datasets',
    message: 'there is no ZFS dataset on this machine',
    hint: '`zpool import` on the host shows pools that are not imported',
  });
}
