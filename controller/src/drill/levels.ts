// How far a drill goes, and what it may claim after that. An audit, which downloads nothing, is a command of its own.
import type { RestoreSteps } from './evidence.ts';

export const levels = ['restore', 'stream'] as const;
export type Level = (typeof levels)[number];

export interface Claim {
  proves: string;
  doesNotProve: string;
}

/** Given a level and how the strategy reads, say what a green drill proves, and what it does not. */
export function claimOf(level: Level, reads: RestoreSteps['reads']): Claim {
  return level === 'restore' ? restore : stream[reads];
}

const restore: Claim = {
  proves:
    'The backup was fetched from its store with the recovery kit alone, decrypted, restored into a throwaway pool, and compared with the snapshot it was made from, by every check that is listed. It proves this backup on the day above.',
  doesNotProve:
    'It does not prove what is listed as not kept, older backups, or that the paper copy of the kit can be read.',
};

const neverMore =
  'Nothing was compared with the snapshot it was made from, nothing was received into a pool, and no scrub was done. So it is no proof that the backup can be restored: it counts neither as a drill nor as the proof that pruning waits for.';

const stream: Record<RestoreSteps['reads'], Claim> = {
  streams: {
    proves:
      'Every part of the backup, and of all that it builds upon, was downloaded with the recovery kit alone, decrypted and decompressed; each has the size and the hashes of the manifest, and the streams that they make are whole zfs send streams of the right snapshots, with every checksum of ZFS in them.',
    doesNotProve: `${neverMore} Whether zfs receive takes the streams, and what files they make, only a drill of level restore tells.`,
  },
  trees: {
    proves:
      'Every volume of the backup, and of all that it builds upon, was downloaded with the recovery kit alone and decrypted, and duplicity restored all files and Haven all their attributes into a folder; where the setting hashContents was on, each file has the hash that was recorded.',
    doesNotProve: `${neverMore} Without hashContents, that the files hold what they held only a drill of level restore tells.`,
  },
};
