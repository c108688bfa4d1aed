import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foundDamage, graceOf, healthExits, overall } from './health.ts';

const hour = 3_600_000;

test('damage outweighs every age, and each bad level has an exit status of its own', () => {
  assert.equal(overall(['fresh', 'late'], true), 'damaged');
  assert.equal(overall(['fresh', 'overdue', 'unknown'], false), 'overdue');
  assert.deepEqual(healthExits, { unknown: 0, fresh: 0, late: 13, overdue: 14, damaged: 30 });
});

test('a look that was cut off does not take back the damage that the one before found', () => {
  const cutOff = { outcome: 'interrupted', exit: 143 } as const;
  const noNetwork = { outcome: 'failed', exit: 11 } as const;
  const red = { outcome: 'failed', exit: 30 } as const;
  const good = { outcome: 'ok', exit: 0 } as const;

  assert.equal(foundDamage([cutOff, noNetwork, red, good]), true);
  assert.equal(foundDamage([good, red]), false);
  assert.equal(foundDamage([{ outcome: null, exit: null }, cutOff]), false);
});

for (const [name, goodRunsMs, running, grace] of [
  ['the longest of the last good ones, and six hours', [hour, 9 * hour, 2 * hour], false, 15 * hour],
  ['the first, while it runs: as long as a run may take', [], true, 720 * hour],
  ['the first, when none runs: six hours', [], false, 6 * hour],
  ['a later one that hangs gets no more than usual', [hour], true, 7 * hour],
] as const) {
  test(`how long a run may take: ${name}`, () => {
    assert.equal(graceOf({ goodRunsMs: [...goodRunsMs], running, longestMs: 720 * hour }), grace);
  });
}
