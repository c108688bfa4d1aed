// Made-up snapshots. Their names and contents are canaries: none may ever be seen outside.
import { randomBytes } from 'node:crypto';
import type { FakeSource } from '../../images/strategy-b/src/testing/fake-tools.ts';
import { zfsStream } from '../../images/strategy-b/src/testing/zfs-stream.ts';

export const canaries = [
  'canary-pool',
  'canary data',
  'canary-snapshot',
  'canary-content',
  'canary-passphrase',
];

/** A stream of `bytes` bytes, half of it incompressible, full of canaries. */
export function fakeSource(more: Partial<FakeSource> = {}, bytes = 350_000): FakeSource {
  const guid = more.guid ?? '12345678901234567890';
  const content = Buffer.alloc(bytes - 624, 'canary-content ');
  randomBytes(Math.floor(bytes / 2)).copy(content, 1000);
  return {
    dataset: 'canary-pool/canary data',
    snapshot: 'canary-snapshot-1',
    guid,
    stream: zfsStream(guid, content),
    ...more,
  };
}

/** A snapshot, and one of the day after with the stream from the one to the other. */
export function twoDays(): { first: FakeSource; second: FakeSource; delta: Buffer } {
  const delta = zfsStream('1002', randomBytes(40_000), 'filesystem', '1001');
  return {
    first: fakeSource({ guid: '1001', snapshot: 'canary-snapshot-0', txg: 100 }),
    second: fakeSource({ guid: '1002', snapshot: 'canary-snapshot-1', txg: 101, from: { 1001: delta } }),
    delta,
  };
}
