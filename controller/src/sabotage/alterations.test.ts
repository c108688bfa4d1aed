import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SeenTree, treeCases, wrongOfTree } from './alterations.ts';

const red = (kinds: string[], message = 'the restored tree differs'): SeenTree => {
  return { exit: 30, kinds, entries: 5, message };
};
const green: SeenTree = { exit: 0, kinds: [], entries: 5, message: '' };
const wanted = { kinds: ['missing', 'extra'] };

test('exactly the kinds of difference that were demanded, in any order, are as they must be', () => {
  assert.deepEqual(wrongOfTree(wanted, red(['extra', 'missing'])), []);
});

test('a reason that was demanded, and a whole tree that is green, are as they must be', () => {
  assert.deepEqual(wrongOfTree({ reason: 'nothing was compared' }, red([], 'nothing was compared: …')), []);
  assert.deepEqual(wrongOfTree(null, green), []);
});

for (const [name, expected, seen] of [
  ['green over an alteration', wanted, green],
  ['one kind too few', wanted, red(['missing'])],
  ['one kind too many', wanted, red(['missing', 'extra', 'mtime'])],
  ['red because it could not be done', wanted, { ...red(['missing', 'extra']), exit: 1 }],
  ['red for another reason', { reason: 'nothing was compared' }, red(['mode'])],
  ['red over a whole tree', null, red(['mode'])],
  ['green with nothing compared', null, { ...green, entries: 1 }],
] as const) {
  test(`${name} is not as it must be`, () => {
    assert.equal(wrongOfTree(expected as typeof wanted, seen as SeenTree).length, 1);
  });
}

test('each alteration has a name of its own, and only one row demands green', () => {
  assert.equal(new Set(treeCases.map(({ name }) => name)).size, treeCases.length);
  assert.equal(treeCases.filter(({ expected }) => expected === null).length, 1);
});
