import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseRange } from '../../src/files/download.ts';
import { parseContentRange } from '../../src/upload/content-range.ts';

describe('Content-Range of an upload', () => {
  const cases: [string, unknown][] = [
    ['bytes */*', { kind: 'status' }],
    ['bytes */10', { kind: 'total', total: 10 }],
    ['bytes */0', { kind: 'total', total: 0 }],
    ['bytes 0-9/*', { kind: 'bytes', first: 0, last: 9 }],
    ['bytes 0-9/10', { kind: 'bytes', first: 0, last: 9, total: 10 }],
    ['bytes 10-9/10', { kind: 'inverted', total: 10 }],
    ['*/*', undefined],
    ['bytes 0--1/0', undefined],
    ['bytes=0-9/10', undefined],
    ['bytes 9-0/10', undefined],
    ['bytes 0-10/10', undefined],
    ['bytes 0-9', undefined],
    ['Bytes 0-9/10', undefined],
    ['bytes 0-9/10 ', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases) {
    test(`"${text}"`, () => assert.deepEqual(parseContentRange(text), expected));
  }
});

describe('Range of a download of 10 bytes', () => {
  const cases: [string | undefined, unknown][] = [
    [undefined, undefined],
    ['bytes=0-3', { first: 0, last: 3 }],
    ['bytes=4-', { first: 4, last: 9 }],
    ['bytes=-3', { first: 7, last: 9 }],
    ['bytes=-30', { first: 0, last: 9 }],
    ['bytes=0-99', { first: 0, last: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=10-20', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-2', undefined],
    ['bytes=0-1,3-4', undefined],
    ['lines=0-1', undefined],
    ['bytes=-', undefined],
  ];
  for (const [text, expected] of cases) {
    test(`"${text}"`, () => assert.deepEqual(parseRange(text, 10), expected));
  }
});
