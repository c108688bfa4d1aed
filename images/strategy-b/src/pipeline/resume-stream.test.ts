import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { afterPrefix, type Piece, PrefixDiffers } from './resume-stream.ts';

const whole = randomBytes(10_000);

function piecesOf(...sizes: number[]): Piece[] {
  let at = 0;
  return sizes.map((bytes) => {
    const piece = whole.subarray(at, at + bytes);
    at += bytes;
    return { bytes, sha256: createHash('sha256').update(piece).digest('hex') };
  });
}

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

for (const size of [1, 7, 1000, 10_000]) {
  for (const sizes of [[], [1], [3000, 4000], [3000, 7000]]) {
    test(`the rest follows a prefix of ${JSON.stringify(sizes)} in chunks of ${size}`, async () => {
      const skipped = sizes.reduce((sum, bytes) => sum + bytes, 0);

      const rest = await buffer(afterPrefix(chunks(whole, size), piecesOf(...sizes)));

      assert.ok(rest.equals(whole.subarray(skipped)));
    });
  }
}

test('one bit that differs in the prefix ends it before the first byte of the rest', async () => {
  for (const at of [0, 2999, 3000, 6999]) {
    const other = Buffer.from(whole);
    other[at]! ^= 1;
    const rest = afterPrefix(chunks(other, 512), piecesOf(3000, 4000));

    await assert.rejects(rest.next(), PrefixDiffers);
  }
});

test('a stream that is shorter than its prefix is another stream', async () => {
  await assert.rejects(
    buffer(afterPrefix(chunks(whole.subarray(0, 6999), 512), piecesOf(3000, 4000))),
    PrefixDiffers,
  );
});
