import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zfsStream } from '../testing/zfs-stream.ts';
import { createStreamCheck } from './stream-record.ts';

const guid = '12345678901234567890';

function check(stream: Buffer, chunkBytes: number, expected = guid): { type: string } {
  const checking = createStreamCheck({ guid: expected, fromGuid: null, raw: false });
  for (let at = 0; at < stream.length; at += chunkBytes) checking.take(stream.subarray(at, at + chunkBytes));
  return checking.finish();
}

for (const chunkBytes of [1, 100, 312, 313, 100_000]) {
  test(`a whole stream passes in chunks of ${chunkBytes} bytes`, () => {
    assert.deepEqual(check(zfsStream(guid, Buffer.alloc(5000, 7), 'volume'), chunkBytes), { type: 'volume' });
  });
}

const whole = zfsStream(guid, Buffer.alloc(5000, 7));
function altered(change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(whole);
  change(copy);
  return copy;
}

for (const [name, stream, message] of [
  ['an empty stream', Buffer.alloc(0), /no byte/],
  ['a stream shorter than a record', whole.subarray(0, 311), /shorter than its first record/],
  ['a stream cut in the middle', whole.subarray(0, 3000), /no end record/],
  ['a stream cut one byte before its end', whole.subarray(0, -1), /no end record/],
  ['a stream that is only its first record', whole.subarray(0, 312), /no end record/],
  ['bytes after the end record', Buffer.concat([whole, Buffer.from('x')]), /no end record/],
  ['another magic number', altered((copy) => copy.writeUInt8(0, 8)), /not begin as a ZFS stream/],
  ['another record first', altered((copy) => copy.writeUInt32LE(3, 0)), /begin record/],
  ['an incremental stream', altered((copy) => copy.writeBigUInt64LE(5n, 48)), /incremental/],
  ['an unknown kind of dataset', altered((copy) => copy.writeUInt32LE(9, 32)), /neither/],
  ['another snapshot’s stream', zfsStream('42', Buffer.alloc(10)), /another snapshot/],
  [
    'another snapshot’s end',
    altered((copy) => copy.writeBigUInt64LE(42n, copy.length - 272)),
    /no end record/,
  ],
] as const) {
  test(`refuses ${name}`, () => {
    assert.throws(() => check(stream, 100), { code: 'source-unreadable', message });
  });
}

test('a wrong beginning is told before the rest of the stream is read', () => {
  const checking = createStreamCheck({ guid, fromGuid: null, raw: false });

  assert.throws(() => checking.take(zfsStream('42', Buffer.alloc(0)).subarray(0, 312)), /another snapshot/);
});

test('a stream of a big-endian machine passes', () => {
  const stream = Buffer.alloc(624);
  stream.writeBigUInt64BE(0x2f5bacbacn, 8);
  stream.writeUInt32BE(2, 32);
  stream.writeBigUInt64BE(BigInt(guid), 40);
  stream.writeUInt32BE(5, 312);
  stream.writeBigUInt64BE(BigInt(guid), 352);

  assert.deepEqual(check(stream, 50), { type: 'filesystem' });
});

test('an incremental stream must start from the snapshot that was asked for', () => {
  const stream = zfsStream(guid, Buffer.alloc(1000, 7), 'filesystem', '77');
  const asked = (fromGuid: string) => createStreamCheck({ guid, fromGuid, raw: false });

  asked('77').take(stream);
  assert.throws(() => asked('78').take(stream), /does not start from/);
});

test('a raw stream passes only where it was asked for, for that of a plain dataset is plain data', () => {
  const raw = altered((copy) => copy.writeBigUInt64LE(1n | (1n << 26n), 16));

  createStreamCheck({ guid, fromGuid: null, raw: true }).take(raw);
  assert.throws(() => createStreamCheck({ guid, fromGuid: null, raw: false }).take(raw), /it is raw/);
  assert.throws(() => createStreamCheck({ guid, fromGuid: null, raw: true }).take(whole), /not raw/);
});
