import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Branch } from '../zfs/tree.ts';
import { childId, expand } from './expand.ts';
import type { Entry } from './schema.ts';

const entry = (change: Partial<Entry> = {}): Entry => {
  return { id: 'home', dataset: 'tank/home', recursive: true, exclude: [], ...change };
};

/** As `zfs list -r` has it: the GUID is the place in the list. */
function tree(...names: string[]): Branch[] {
  return names.map((name, at) => ({
    name,
    guid: String(100 + at),
    locked: name.endsWith('locked'),
    volume: false,
  }));
}

const all = tree(
  'tank/home',
  'tank/home/ann',
  'tank/home/ann/cache',
  'tank/home/ann/tmp',
  'tank/home/bob (old)',
  'tank/home/bob (old)/tmp',
  'tank/home/tmp',
  'tank/home/vm.disk',
);

function taken(exclude: string[]): string[] {
  return expand([entry({ exclude })], () => all).found.map(({ dataset }) =>
    dataset.slice('tank/home'.length),
  );
}

test('a recursive entry stands for its dataset and all below it; the root keeps the id, the others have opaque ones', () => {
  const { found, idle } = expand([entry()], () => all);

  assert.deepEqual(
    found.map(({ dataset }) => dataset),
    all.map(({ name }) => name),
  );
  assert.equal(found[0]?.id, 'home');
  for (const { id, root } of found.slice(1)) {
    assert.match(id, /^home-[0-9a-f]{8}$/);
    assert.equal(root, 'home');
  }
  assert.equal(new Set(found.map(({ id }) => id)).size, all.length);
  assert.deepEqual(idle, []);
});

test('a dataset that is renamed keeps its id, and a new one under its old name gets another', () => {
  const before = expand([entry()], () => tree('tank/home', 'tank/home/ann'));
  const renamed = expand([entry()], () => [all[0]!, { ...all[1]!, name: 'tank/home/zoe' }]);

  assert.equal(renamed.found[1]?.id, before.found[1]?.id);
  assert.notEqual(childId('home', '101'), childId('home', '102'));
});

const excludes: [string[], string[]][] = [
  [['tank/home/ann'], ['', '/bob (old)', '/bob (old)/tmp', '/tmp', '/vm.disk']],
  [['tank/home/*/tmp'], ['', '/ann', '/ann/cache', '/bob (old)', '/tmp', '/vm.disk']],
  [
    ['tank/home/b* (old)', 'tank/home/vm.disk/'],
    ['', '/ann', '/ann/cache', '/ann/tmp', '/tmp'],
  ],
  [
    ['tank/home/.', 'tank/home/ann/.', 'tank/home/bob*'],
    ['/ann/cache', '/ann/tmp', '/tmp', '/vm.disk'],
  ],
  [['tank/home/*'], ['']],
];
for (const [exclude, left] of excludes) {
  test(`excluding ${exclude.join(' and ')} leaves the rest`, () => {
    assert.deepEqual(taken(exclude), left);
  });
}

for (const pattern of ['tank/home/an', 'tank/home/vmxdisk', 'tank/home/*/*/*', 'tank/home/ann/TMP']) {
  test(`the exclude ${pattern} matches nothing, takes nothing away, and is told`, () => {
    const { found, idle } = expand([entry({ exclude: [pattern] })], () => all);

    assert.equal(found.length, all.length);
    assert.deepEqual(idle, [{ id: 'home', pattern }]);
  });
}

test('a dataset with an entry of its own, or below a nearer one, is taken once', () => {
  const ann = entry({ id: 'ann', dataset: 'tank/home/ann' });
  const one = entry({ id: 'vm', dataset: 'tank/home/vm.disk', recursive: false });
  const trees: Record<string, Branch[]> = { home: all, ann: all.slice(1, 4), vm: all.slice(7) };

  const { found } = expand([entry(), ann, one], (id) => trees[id]);

  const of = (root: string) => found.filter((it) => it.root === root).map(({ dataset }) => dataset);
  assert.deepEqual(of('ann'), ['tank/home/ann', 'tank/home/ann/cache', 'tank/home/ann/tmp']);
  assert.deepEqual(of('vm'), ['tank/home/vm.disk']);
  assert.equal(found.length, all.length);
});

test('an entry that cannot be looked at stands for its own dataset', () => {
  const { found } = expand([entry()], () => undefined);

  assert.deepEqual(found, [{ id: 'home', dataset: 'tank/home', root: 'home', locked: false, volume: false }]);
});
