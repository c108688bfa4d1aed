import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { freshness, type Promised, worst } from './freshness.ts';

const hour = 3_600_000;
const day = 24 * hour;
const nightly: Promised = { cron: '0 3 * * *', timezone: 'UTC', graceMs: 6 * hour };

const began = new Date('2026-03-01T03:00:00Z');

for (const [hours, level] of [
  [0, 'fresh'],
  [30, 'fresh'],
  [31, 'late'],
  [54, 'late'],
  [55, 'overdue'],
  [24 * 365, 'overdue'],
] as const) {
  test(`every night, ${hours} hours old: ${level}`, () => {
    const now = new Date(began.getTime() + hours * hour);

    assert.equal(freshness(nightly, began, began, now).level, level);
  });
}

test('none at all is fresh only as long as the first may take, and overdue in the end', () => {
  const at = (hours: number) =>
    freshness(nightly, null, began, new Date(began.getTime() + hours * hour)).level;

  assert.deepEqual([at(1), at(31), at(55)], ['fresh', 'late', 'overdue']);
});

test('what is not scheduled is unknown, and alarms nobody', () => {
  assert.equal(freshness(null, null, began, new Date('2030-01-01')).level, 'unknown');
  assert.equal(worst(['fresh', 'unknown']), 'fresh');
  assert.equal(worst([]), 'unknown');
  assert.equal(worst(['late', 'fresh', 'overdue']), 'overdue');
});

test('a backup from the future, after a clock was set back, does not stay fresh for years', () => {
  const future = new Date('2031-01-01T00:00:00Z');

  assert.ok(freshness(nightly, future, began, began).freshUntil! < '2026-03-04');
});

test('time alone never makes anything fresher', () => {
  const ages = fc.tuple(fc.nat(100 * day), fc.nat(100 * day));
  const rank = { unknown: 0, fresh: 1, late: 2, overdue: 3 };

  fc.assert(
    fc.property(ages, ([a, b]) => {
      const [young, old] = [Math.min(a, b), Math.max(a, b)].map(
        (age) => freshness(nightly, began, began, new Date(began.getTime() + age)).level,
      );
      assert.ok(rank[young!] <= rank[old!]);
    }),
  );
});
