// A dataset and, when asked for, all filesystems and volumes below it.
import type { Command } from './command.ts';

export interface Branch {
  name: string;
  /** Stays the same when the dataset is renamed. */
  guid: string;
  /** Encrypted, and its key is not loaded: its snapshots can be taken, but not sent in plain. */
  locked: boolean;
  /** A block device, not a tree of files. */
  volume: boolean;
}

/** Given a dataset, return it and what is below it, parents first; throws source-unreadable when there is no such dataset. */
export async function listTree(zfs: Command, dataset: string, recursive: boolean): Promise<Branch[]> {
  const which = recursive ? ['-r', '-t', 'filesystem,volume'] : [];
  const output = await zfs(['list', '-H', '-p', '-o', 'name,guid,keystatus,type', ...which, dataset]);
  return output
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name = '', guid = '', keystatus = '', type = ''] = line.split('\t');
      return { name, guid, locked: keystatus === 'unavailable', volume: type === 'volume' };
    });
}
