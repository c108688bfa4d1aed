import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backup } from '../contract/events.ts';
import { chainOf, longestChain } from './chain.ts';

const at = '2026-11-21T20:00:00Z';

/** Backups that build upon each other; each is named by its place in the chain. */
function made(length: number): Backup[] {
  const id = (n: number) => n.toString(16).padStart(8, '0');
  return Array.from({ length }, (_, n) => ({
    id: id(n),
    chain: id(0),
    kind: n === 0 ? 'full' : 'incremental',
    base: n === 0 ? null : id(n - 1),
    source: 'home',
    guid: String(n),
    createdAt: at,
    committedAt: at,
    parts: 1,
    streamBytes: 1,
    streamSha256: 'ab'.repeat(32),
    storedBytes: 1,
    type: 'filesystem',
  }));
}

test('a chain is its full and each incremental up to the backup, in order, whatever else is in the store', () => {
  const all = made(4);

  const chain = chainOf(all.toReversed(), all[2]!);

  assert.deepEqual(chain, { ok: true, value: all.slice(0, 3) });
});

test('a full is a chain of its own', () => {
  const [full] = made(1);

  assert.deepEqual(chainOf([full!], full!), { ok: true, value: [full] });
});

const broken: [string, (all: Backup[]) => unknown, RegExp][] = [
  ['whose full is gone', (all) => all.shift(), /00000000.*is not in the store/],
  ['with a link missing', (all) => all.splice(1, 1), /00000001.*is not in the store/],
  ['that runs in a circle', (all) => Object.assign(all[0]!, { base: all[2]!.id }), /circle/],
  [
    'with a full in the middle that names a base',
    (all) => Object.assign(all[1]!, { kind: 'full' }),
    /no incremental/,
  ],
  ['that begins with an incremental', (all) => Object.assign(all[0]!, { kind: 'incremental' }), /is no full/],
  ['of two datasets', (all) => Object.assign(all[1]!, { source: 'work' }), /another source/],
  ['of two types', (all) => Object.assign(all[0]!, { type: 'volume' }), /another type/],
  ['of two chains', (all) => Object.assign(all[1]!, { chain: 'ffffffff' }), /another chain/],
];
for (const [name, spoil, reason] of broken) {
  test(`a chain ${name} is broken, and the reason names it`, () => {
    const all = made(3);
    const last = all[2]!;
    spoil(all);

    const chain = chainOf(all, last);

    assert.ok(!chain.ok);
    assert.match(chain.reason, reason);
  });
}

test('a chain that is longer than a drill can tell of is refused', () => {
  const all = made(longestChain + 1);

  assert.equal(chainOf(all, all[longestChain - 1]!).ok, true);
  assert.equal(chainOf(all, all[longestChain]!).ok, false);
});
