// What a plain `zfs send` stream must begin and end with. Its first and last 312 bytes are records of one fixed layout
// (`dmu_replay_record`, OpenZFS include/sys/zfs_ioctl.h). Checking both closes two holes that no exit code shows: a source that
// exits 0 before its end, and a stream of another snapshot than the one asked for.
import { HavenError } from '../contract/errors.ts';

export const recordBytes = 312;

const magic = 0x2f5bacbacn;
const drrBegin = 0;
const drrEnd = 5;
const offsets = {
  type: 0,
  magic: 8,
  version: 16,
  objsetType: 32,
  beginToGuid: 40,
  fromGuid: 48,
  endToGuid: 40,
} as const;
/** DMU_BACKUP_FEATURE_RAW among the stream's features, which begin at bit 2 of its version. */
const rawFeature = 1n << (24n + 2n);
const objsetTypes: Record<number, DatasetType> = { 2: 'filesystem', 3: 'volume' };

export type DatasetType = 'filesystem' | 'volume';

export interface StreamCheck {
  /** Throws source-unreadable as soon as the first record is seen to be wrong. */
  take(chunk: Buffer): void;
  /** Throws source-unreadable unless the stream was whole. */
  finish(): { type: DatasetType };
}

export interface Expected {
  guid: string;
  /** GUID of the snapshot that the stream starts from; null for a full one. */
  fromGuid: string | null;
  raw: boolean;
}

/** Given what was asked for, return what checks the stream as it flows by. */
export function createStreamCheck(expected: Expected): StreamCheck {
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);
  let begin: Begin | undefined;

  return {
    take: (chunk) => {
      if (begin === undefined) {
        head = Buffer.concat([head, chunk.subarray(0, recordBytes)]);
        if (head.length >= recordBytes) begin = parseBegin(head, expected);
      }
      tail =
        chunk.length >= recordBytes
          ? Buffer.from(chunk.subarray(-recordBytes))
          : Buffer.concat([tail, chunk]).subarray(-recordBytes);
    },
    finish: () => {
      if (head.length === 0) throw broken('zfs send exited 0 and gave no byte');
      if (begin === undefined) throw broken('the stream is shorter than its first record');
      const type = begin.read32(tail, offsets.type);
      if (
        tail.length < recordBytes ||
        type !== drrEnd ||
        begin.read64(tail, offsets.endToGuid) !== BigInt(expected.guid)
      )
        throw broken('the stream has no end record: zfs send exited 0 before its end');
      return { type: begin.type };
    },
  };
}

interface Begin {
  type: DatasetType;
  read32(record: Buffer, offset: number): number;
  read64(record: Buffer, offset: number): bigint;
}

function parseBegin(record: Buffer, { guid, fromGuid, raw }: Expected): Begin {
  const little = record.readBigUInt64LE(offsets.magic) === magic;
  if (!little && record.readBigUInt64BE(offsets.magic) !== magic)
    throw broken('it does not begin as a ZFS stream');
  const read32 = (from: Buffer, offset: number) =>
    little ? from.readUInt32LE(offset) : from.readUInt32BE(offset);
  const read64 = (from: Buffer, offset: number) =>
    little ? from.readBigUInt64LE(offset) : from.readBigUInt64BE(offset);

  if (read32(record, offsets.type) !== drrBegin) throw broken('it does not begin with a begin record');
  const type = objsetTypes[read32(record, offsets.objsetType)];
  if (type === undefined) throw broken('it is neither of a filesystem nor of a volume');
  if (read64(record, offsets.beginToGuid) !== BigInt(guid))
    throw broken('it is of another snapshot than asked for');
  const from = read64(record, offsets.fromGuid);
  if (fromGuid === null && from !== 0n) throw broken('it is incremental, and a full one was asked for');
  if (fromGuid !== null && from !== BigInt(fromGuid))
    throw broken('it does not start from the snapshot that was asked for');
  const isRaw = (read64(record, offsets.version) & rawFeature) !== 0n;
  if (isRaw !== raw) throw broken(isRaw ? 'it is raw, and a plain one was asked for' : 'it is not raw');
  return { type, read32, read64 };
}

function broken(message: string): HavenError {
  return new HavenError('source-unreadable', message, {
    operation: 'zfs send',
    hint: 'see the host’s log for errors of the pool, then run the backup again',
  });
}
