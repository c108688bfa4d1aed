import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeProperties } from '../../src/files/properties.ts';
import { Refusal } from '../../src/http/refusal.ts';

test('a change adds, replaces and, by null, deletes', () => {
  const merged = mergeProperties({ a: '1', b: '2' }, { b: '3', a: null, c: '4' }, 'appProperties');

  assert.deepEqual(merged, { b: '3', c: '4' });
});

test('124 bytes of key and value in UTF-8 are the limit', () => {
  assert.doesNotThrow(() => mergeProperties({}, { key: 'ä'.repeat(60) }, 'appProperties'));
  assert.throws(() => mergeProperties({}, { key: 'ä'.repeat(61) }, 'appProperties'), Refusal);
});

test('30 properties are the limit', () => {
  const full = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, 'v']));

  assert.doesNotThrow(() => mergeProperties({}, full, 'appProperties'));
  assert.throws(() => mergeProperties(full, { more: 'v' }, 'appProperties'), Refusal);
});

test('a value must be a string', () => {
  assert.throws(() => mergeProperties({}, { a: 1 }, 'appProperties'), Refusal);
});
