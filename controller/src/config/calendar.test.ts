import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longestGap, timeGiven } from './calendar.ts';

const day = 24 * 3_600_000;
const hour = 3_600_000;
const from = new Date('2026-03-01T00:00:00Z');

for (const [name, cron, timezone, gap] of [
  ['every night', '0 3 * * *', 'UTC', day],
  ['every night where the clocks change', '0 3 * * *', 'Europe/Berlin', 25 * hour],
  ['every Sunday', '0 5 * * 0', 'UTC', 7 * day],
  ['on weekdays: the weekend counts', '0 3 * * 1-5', 'UTC', 3 * day],
  ['every month', '0 3 1 * *', 'UTC', 31 * day],
  ['every quarter of an hour', '*/15 * * * *', 'UTC', hour / 4],
] as const) {
  test(`the longest gap: ${name}`, () => {
    assert.equal(longestGap({ cron, timezone }, from), gap);
  });
}

for (const [given, zone, meant] of [
  ['2026-12-24', 'Europe/Berlin', '2026-12-24T23:00:00.000Z'],
  ['2020-02-29', 'UTC', '2020-03-01T00:00:00.000Z'],
  ['2026-12-24T18:00:00+01:00', 'America/New_York', '2026-12-24T17:00:00.000Z'],
  ['2026-07-24T18:00', 'America/New_York', '2026-07-24T22:00:00.000Z'],
  ['2026-12-24 18:00:30', 'Asia/Kolkata', '2026-12-24T12:30:30.000Z'],
] as const) {
  test(`${given} in ${zone}: a date stands for its end, a time for itself, here where no offset says otherwise`, () => {
    assert.equal(timeGiven(given, zone).toISOString(), meant);
  });
}

test('what is neither a date nor a time is not guessed at', () => {
  for (const given of [
    '2026-13-01',
    '2026-02-30',
    '2026-02-30T10:00',
    '2026-02-30T10:00Z',
    '2026-12-24T25:00',
    '20',
    'tomorrow',
    '',
  ])
    assert.ok(Number.isNaN(timeGiven(given, 'UTC').getTime()));
});
