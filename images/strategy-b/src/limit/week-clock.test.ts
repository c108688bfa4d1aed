import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWeekClock, isTimezone } from './week-clock.ts';

const at = (day: number, hours: number, minutes: number) => (day * 24 + hours) * 60 + minutes;

for (const [zone, instant, minute] of [
  ['UTC', '2026-11-23T00:00:00Z', at(0, 0, 0)],
  ['UTC', '2026-11-29T23:59:59.999Z', at(6, 23, 59)],
  ['Europe/Berlin', '2026-11-22T23:00:00Z', at(0, 0, 0)],
  ['Asia/Kathmandu', '2026-11-25T12:00:00Z', at(2, 17, 45)],
  ['Europe/Berlin', '2026-03-29T00:59:00Z', at(6, 1, 59)], // the minute before summer time
  ['Europe/Berlin', '2026-03-29T01:00:00Z', at(6, 3, 0)],
  ['Europe/Berlin', '2026-10-25T00:30:00Z', at(6, 2, 30)], // the hour that comes twice
  ['Europe/Berlin', '2026-10-25T01:30:00Z', at(6, 2, 30)],
] as const) {
  test(`${instant} in ${zone}`, () => {
    assert.equal(createWeekClock(zone)(Date.parse(instant)), minute);
  });
}

test('the next minute is not the one before', () => {
  const clock = createWeekClock('UTC');

  const minutes = [0, 59_999, 60_000].map(clock);

  assert.deepEqual(minutes, [at(3, 0, 0), at(3, 0, 0), at(3, 0, 1)]);
});

test('a time zone is one that the runtime knows', () => {
  assert.deepEqual(['UTC', 'Europe/Berlin', 'Europe/Berlln', '', 'CEST-ish'].map(isTimezone), [
    ...[true, true],
    ...[false, false, false],
  ]);
});
