// Real compressors, and what is left of their output when something went wrong between them and us.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { xzPlainBytes } from './xz-index.ts';
import { walkZstd } from './zstd-frame.ts';

const sizes = [1, 100, 131_072, 131_073, 3_000_000];
const contents = (size: number): [string, Buffer][] => [
  ['random', randomBytes(size)],
  ['zeros', Buffer.alloc(size)],
  ['mixed', Buffer.concat([randomBytes(size >> 1), Buffer.alloc(size - (size >> 1), 'abc')])],
];

function pack(tool: string, args: string[], plain: Buffer): Buffer {
  const run = spawnSync(tool, ['--compress', '--stdout', '--quiet', ...args], {
    input: plain,
    maxBuffer: 2 ** 30,
  });
  assert.equal(run.status, 0, run.stderr.toString());
  return run.stdout;
}

function walk(frame: Buffer, step = 65_536): number | null {
  const walked = walkZstd();
  for (let at = 0; at < frame.length; at += step) walked.take(frame.subarray(at, at + step));
  return walked.end();
}

function spoil(packed: Buffer): [string, Buffer][] {
  const half = packed.length >> 1;
  return [
    ['nothing', Buffer.alloc(0)],
    ['without its last byte', packed.subarray(0, -1)],
    ['its first half', packed.subarray(0, half)],
    [
      'a piece of the middle is missing',
      Buffer.concat([packed.subarray(0, half), packed.subarray(half + 8)]),
    ],
    ['a byte follows', Buffer.concat([packed, Buffer.from([0])])],
    ['it is not packed at all', randomBytes(10_000)],
  ];
}

for (const args of [
  ['-0', '--threads=1'],
  ['-6', '--threads=1'],
  ['-0', '--threads=2', '--block-size=262144'],
]) {
  test(`xz ${args.join(' ')}: its index tells how much it read`, () => {
    for (const [name, plain] of sizes.flatMap(contents)) {
      const packed = pack('xz', args, plain);
      assert.equal(xzPlainBytes(packed.subarray(-2000), packed.length), plain.length, name);
    }
  });
}

test('what is no whole xz stream has no length', () => {
  const packed = pack('xz', ['-0', '--threads=1'], randomBytes(200_000));

  for (const [name, bytes] of spoil(packed)) assert.equal(xzPlainBytes(bytes, bytes.length), null, name);
  assert.equal(xzPlainBytes(packed.subarray(-10), packed.length), null, 'too little of its end');
});

for (const args of [
  ['-1', '--single-thread'],
  ['-3', '--threads=2'],
  ['-19', '--single-thread'],
]) {
  test(`zstd ${args.join(' ')}: its checksum is found, however it is cut`, async () => {
    const { default: createHasher } = await import('xxhash-wasm');
    const { create64 } = await createHasher();
    for (const [name, plain] of sizes.slice(0, args[0] === '-19' ? 4 : 5).flatMap(contents)) {
      const packed = pack('zstd', [...args, '--check'], plain);
      const expected = Number(create64().update(plain).digest() & 0xffffffffn);
      for (const step of [1, 3, 65_536]) assert.equal(walk(packed, step), expected, `${name}, ${step}`);
    }
  });
}

test('what is no whole zstd frame has no checksum', () => {
  const packed = pack('zstd', ['-1', '--single-thread', '--check'], randomBytes(200_000));

  for (const [name, bytes] of spoil(packed)) assert.equal(walk(bytes), null, name);
  assert.equal(walk(pack('zstd', ['-1', '--no-check'], Buffer.alloc(9))), null, 'a frame without checksum');
});
