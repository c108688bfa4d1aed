import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest } from '../manifest/manifest.ts';
import { chooseBase, type Question } from './choose-base.ts';

const day = 86_400_000;
const begin = Date.parse('2026-01-01T00:00:00Z');

/** A chain of fulls (no base) and incrementals; each backup's snapshot has the GUID `g` + its name. */
function backup(name: string, base: Manifest | null, dayMade: number): Manifest {
  return {
    backup: name,
    chain: base?.chain ?? name,
    kind: base === null ? 'full' : 'incremental',
    base: base?.backup ?? null,
    baseGuid: base?.source.guid ?? null,
    source: { guid: `g${name}` },
    createdAt: new Date(begin + dayMade * day).toISOString(),
  } as Manifest;
}

const full = backup('a', null, 0);
const second = backup('b', full, 1);
const third = backup('c', second, 2);

function snapshots(...names: string[]): Question['onHost'] {
  return names.map((name, index) => {
    return { name: `d@${name}`, kind: 'snapshot', guid: `g${name}`, createTxg: BigInt(index + 1) };
  });
}

function ask(more: Partial<Question>) {
  return chooseBase({
    kind: 'auto',
    manifests: [full, second, third],
    damaged: new Set(),
    onHost: snapshots('a', 'b', 'c'),
    targetTxg: 100n,
    policy: { fullEveryMs: 90 * day, chainLength: 10 },
    now: begin + 3 * day,
    ...more,
  });
}

function baseOf(choice: ReturnType<typeof ask>): string {
  return choice.kind === 'full' ? choice.why : `${choice.on.backup} from ${choice.from.name}`;
}

test('the newest backup that both sides have is the base', () => {
  assert.equal(baseOf(ask({})), 'c from d@c');
  assert.equal(baseOf(ask({ onHost: snapshots('a', 'b') })), 'b from d@b');
  assert.equal(baseOf(ask({ manifests: [third, full, second] })), 'c from d@c');
});

test('a bookmark serves when the snapshot is gone, and the snapshot is preferred', () => {
  const bookmark = { name: 'd#c', kind: 'bookmark', guid: 'gc', createTxg: 3n } as const;

  assert.equal(baseOf(ask({ onHost: [bookmark] })), 'c from d#c');
  assert.equal(baseOf(ask({ onHost: [bookmark, ...snapshots('a', 'b', 'c')] })), 'c from d@c');
});

test('names say nothing: a snapshot of the same name and another GUID is no base', () => {
  const reused = snapshots('a', 'b', 'c').map((it) => ({ ...it, guid: `new-${it.guid}` }));

  assert.match(baseOf(ask({ onHost: reused })), /neither a snapshot nor a bookmark/);
});

test('what is not older than the target is no base', () => {
  assert.equal(baseOf(ask({ targetTxg: 3n })), 'b from d@b');
});

const fulls: [string, Partial<Question>, RegExp][] = [
  ['it is asked for', { kind: 'full' }, /asked for/],
  ['there is no backup yet', { manifests: [] }, /first backup/],
  ['the chain is old', { now: begin + 90 * day }, /fullEvery/],
  ['the chain is long', { policy: { fullEveryMs: 90 * day, chainLength: 3 } }, /chainLength/],
  ['nothing common is left', { onHost: [] }, /neither a snapshot nor a bookmark/],
  ['the full of the chain is damaged', { damaged: new Set(['a']) }, /no chain of it is whole/],
  ['the full of the chain is missing', { manifests: [second, third] }, /no chain of it is whole/],
];
for (const [name, more, why] of fulls) {
  test(`a full is made when ${name}`, () => {
    assert.match(baseOf(ask(more)), why);
  });
}

test('behind a damaged backup the chain is taken up again where it is whole', () => {
  assert.equal(baseOf(ask({ damaged: new Set(['b']) })), 'a from d@a');
});

test('a link whose base has another GUID than it says is no link', () => {
  const liar = { ...third, baseGuid: 'gx' };

  assert.equal(baseOf(ask({ manifests: [full, second, liar] })), 'b from d@b');
});

test('a chain that runs in a circle is no chain', () => {
  const circle = { ...full, base: 'b', baseGuid: 'gb' };

  assert.match(baseOf(ask({ manifests: [circle, second] })), /no chain of it is whole/);
});
