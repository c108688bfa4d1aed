import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Interpretation, Outcome } from '../contract/interpret.ts';
import { blame } from './drill-streams.ts';

function half(outcome: Outcome, exitCode: number): Interpretation {
  return { outcome, exitCode, result: undefined, error: undefined };
}

const ok = half('ok', 0);
const stopped = half('interrupted', 143);
const failed = half('failed', 1);
const damaged = half('failed', 30);
const full = half('failed', 23);

const table: [string, Interpretation, Interpretation, Interpretation | undefined][] = [
  ['both are fine: nobody', ok, ok, undefined],
  ['fetch found damage, receive saw the stream break off: fetch', damaged, failed, damaged],
  ['fetch found damage, receive was stopped: fetch', damaged, stopped, damaged],
  ['the disk is full under receive, fetch lost its reader: receive', failed, full, full],
  ['receive failed, fetch was stopped: receive', stopped, failed, failed],
  ['receive alone failed: receive', ok, failed, failed],
  ['both were stopped: either', stopped, stopped, stopped],
];
for (const [name, fetch, receive, expected] of table) {
  test(`${name}`, () => {
    assert.equal(blame(fetch, receive), expected);
  });
}

test('both failed in an unknown way: the half that comes first in the stream', () => {
  const fetch = half('failed', 1);

  assert.equal(blame(fetch, half('failed', 1)), fetch);
});
