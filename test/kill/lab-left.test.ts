// The count that a kill in the lab is judged by must itself be able to fail.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { madeTwice } from './lab-left.ts';

const made = new Map([
  [
    'b1',
    new Map([
      [0, 'md5-0'],
      [1, 'md5-1'],
    ]),
  ],
]);
const stored = new Map([
  ['h1-b1-000000', 'md5-0'],
  ['h1-b1-000001', 'md5-1'],
  ['h1-b1-000002', 'md5-2'],
  ['h1-b1-manifest', 'md5-m'],
]);

test('a part that was made before the kill and is stored as it was, was made once', () => {
  assert.equal(madeTwice({ made, spool: ['h1-b1-000001'] }, stored), 0);
});

test('a part that the kill left half-made was made twice; a manifest is no part', () => {
  assert.equal(madeTwice({ made, spool: ['h1-b1-000002', 'h1-b1-manifest'] }, stored), 1);
});

test('a part that is stored as something else, or not at all, was made twice', () => {
  const other = new Map([...stored, ['h1-b1-000001', 'md5-other']]);
  other.delete('h1-b1-000000');

  assert.equal(madeTwice({ made, spool: [] }, other), 2);
});
