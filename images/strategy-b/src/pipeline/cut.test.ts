import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { cut } from './cut.ts';

async function* chunks(...sizes: number[]): AsyncGenerator<Buffer> {
  let value = 0;
  for (const size of sizes) yield Buffer.from(Array.from({ length: size }, () => value++ % 251));
}

async function pieces(source: AsyncIterable<Buffer>, partBytes: number): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for await (const piece of cut(source, partBytes)) found.push(await buffer(piece));
  return found;
}

for (const [name, sizes, partBytes, expected] of [
  ['a chunk larger than several parts', [25], 10, [10, 10, 5]],
  ['chunks smaller than a part', [3, 3, 3, 3], 10, [10, 2]],
  ['a stream that ends on a part’s border', [10, 10], 10, [10, 10]],
  ['a chunk border on a part’s border', [10, 5], 10, [10, 5]],
  ['empty chunks', [0, 4, 0, 6, 0, 1, 0], 10, [10, 1]],
  ['a stream shorter than a part', [1], 10, [1]],
  ['an empty stream', [], 10, []],
] as const) {
  test(`pieces hold all bytes in order and none is empty: ${name}`, async () => {
    const found = await pieces(chunks(...sizes), partBytes);

    assert.deepEqual(
      found.map((piece) => piece.length),
      expected,
    );
    assert.deepEqual(Buffer.concat(found), await buffer(chunks(...sizes)));
  });
}

test('an error of the source is an error of the piece being read, and of no other', async () => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.alloc(10);
    yield Buffer.alloc(3);
    throw new Error('the source broke');
  }
  let whole = 0;

  await assert.rejects(async () => {
    for await (const piece of cut(broken(), 10)) {
      await buffer(piece);
      whole += 1;
    }
  }, /the source broke/);

  assert.equal(whole, 1);
});

test('a piece that was not read to its end is refused, for its bytes would be lost', async () => {
  await assert.rejects(async () => {
    for await (const _piece of cut(chunks(25), 10));
  }, /left before its end/);
});
