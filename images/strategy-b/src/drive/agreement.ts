// Is the file in Drive the one that was sent? Drive's own checksums say so, or nothing does.
import type { Store, StoredFile } from './store.ts';

export interface Expected {
  bytes: number;
  md5: string;
  sha256: string;
}

/** Given Drive's file, return what differs from ours, or null. A missing md5 is asked for once more, and then is a difference. */
export async function disagreement(
  expected: Expected,
  id: string,
  answered: StoredFile,
  store: Store,
): Promise<string | null> {
  const complete = answered.md5 !== undefined && Number.isFinite(answered.bytes);
  const file = complete ? answered : await store.get(answered.id);
  if (file.trashed) return 'the file is in the trash';
  if (file.bytes !== expected.bytes) return `its size is ${file.bytes} instead of ${expected.bytes} bytes`;
  if (file.md5 === undefined) return 'the store gives no md5 of it';
  if (file.md5 !== expected.md5) return 'its md5 differs';
  if (file.sha256 !== undefined && file.sha256 !== expected.sha256) return 'its sha256 differs';
  if (file.id !== id) return 'it has another id than the one asked for';
  return null;
}
