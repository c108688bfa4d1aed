import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDifferences } from './differences.ts';

const item = { path: 'many/00', kind: 'mode', source: 420, restored: 384 };
const details = (listed: unknown[], mismatches = listed.length) =>
  JSON.stringify({ entries: 3, mismatches, listed });

test('each difference has its path, its attribute, and both sides', () => {
  const text = details([
    item,
    { path: 'a', kind: 'xattr', detail: 'user.x', source: { text: 'one' }, restored: null },
    { path: 'b', kind: 'missing', source: 'present', restored: 'absent' },
  ]);

  assert.deepEqual(readDifferences(text), {
    count: 3,
    first: [
      { path: 'many/00', attribute: 'mode', source: '420', restored: '384' },
      { path: 'a', attribute: 'xattr user.x', source: 'one', restored: 'null' },
      { path: 'b', attribute: 'missing', source: 'present', restored: 'absent' },
    ],
  });
});

test('a hundred are shown, and all are counted', () => {
  const found = readDifferences(details(Array(1000).fill(item), 123_456));

  assert.deepEqual([found?.count, found?.first.length], [123_456, 100]);
});

test('bytes that are no text make no text that is none', () => {
  const found = readDifferences(details([{ ...item, path: 'caf\udce9' }]));

  assert.equal(found?.first[0]?.path, 'caf\ufffd');
});

for (const [what, text] of [
  ['nothing', ''],
  ['half a file', details([item]).slice(0, -5)],
  ['another document', '{"listed":[]}'],
  ['a list of something else', details([{ path: 7 }])],
  ['no object', '[]'],
] as const) {
  test(`${what} is no list of differences`, () => {
    assert.equal(readDifferences(text), null);
  });
}
