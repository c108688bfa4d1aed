import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failed, ok, warn } from '../doctor/check.ts';
import { lastLine } from './check-line.ts';

test('the last line counts what failed, and does not call well what warns', () => {
  const [good, doubtful, bad] = [ok('a', ''), warn('b', '', ''), failed('c', '', '')];

  assert.equal(lastLine([good, good]), 'All is well.');
  assert.equal(lastLine([good, doubtful]), 'No check failed; heed 1 of 2 that warn.');
  assert.equal(lastLine([good, doubtful, bad]), '1 of 3 checks failed.');
});
