// What of a dataset an incremental stream can start from: its snapshots, and bookmarks of them that outlive them.
import type { Source } from '../contract/request.ts';
import type { Zfs } from './zfs.ts';

export interface PossibleBase {
  /** `dataset@snapshot` or `dataset#bookmark`. */
  name: string;
  kind: 'snapshot' | 'bookmark';
  guid: string;
  /** The pool's transaction in which the snapshot was taken: the only order that no clock disturbs. */
  createTxg: bigint;
}

export async function listBases(zfs: Zfs, source: Source): Promise<PossibleBase[]> {
  const options = ['-H', '-p', '-d', '1', '-t', 'snapshot,bookmark', '-o', 'guid,createtxg,name'];
  return parseBases(await zfs.run(['list', ...options, source.dataset]));
}

export function parseBases(output: string): PossibleBase[] {
  return output
    .split('\n')
    .map((line) => line.split('\t'))
    .flatMap(([guid, createTxg, name]) => {
      if (guid === undefined || createTxg === undefined || name === undefined) return [];
      const kind = name.includes('#') ? ('bookmark' as const) : ('snapshot' as const);
      return [{ name, kind, guid, createTxg: BigInt(createTxg) }];
    });
}

/** Marks the backed-up snapshot, so that the next incremental can start from it when it is gone. A bookmark holds no data. */
export async function bookmark(zfs: Zfs, source: Source, backup: string): Promise<void> {
  await zfs.run(['bookmark', `${source.dataset}@${source.snapshot}`, `${source.dataset}#haven-b-${backup}`]);
}
