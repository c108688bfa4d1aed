import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import { due, type Job, jobsOf, nextDue, type Past } from './due.ts';

const berlin = 'Europe/Berlin';

function job(cron: string): Job {
  return { name: 'backup-b', kind: 'backup', strategy: 'b', cron };
}

function past(change: Partial<Past> = {}): Past {
  return {
    lastStarted: null,
    lastEnded: null,
    again: false,
    firstSeen: new Date('2026-01-01T00:00:00Z'),
    ...change,
  };
}

function next(cron: string, last: string, zone = berlin, now = '2030-01-01T00:00:00Z'): string | undefined {
  return nextDue(job(cron), past({ lastStarted: new Date(last) }), zone, new Date(now))?.toISOString();
}

const table: [string, string, string, string, string][] = [
  ['every day at 3, in winter time', '0 3 * * *', '2026-01-10T02:00:00Z', berlin, '2026-01-11T02:00:00.000Z'],
  ['every day at 3, in summer time', '0 3 * * *', '2026-07-10T01:00:00Z', berlin, '2026-07-11T01:00:00.000Z'],
  [
    'the night that has no half past two: as soon as there is a time again',
    '30 2 * * *',
    '2026-03-28T01:30:00Z',
    berlin,
    '2026-03-29T01:00:00.000Z',
  ],
  [
    'the night that has half past two twice: the first',
    '30 2 * * *',
    '2026-10-24T00:30:00Z',
    berlin,
    '2026-10-25T00:30:00.000Z',
  ],
  [
    'the night that has half past two twice: not again',
    '30 2 * * *',
    '2026-10-25T00:30:00Z',
    berlin,
    '2026-10-26T01:30:00.000Z',
  ],
  ['the last day of a short month', '0 3 L * *', '2026-02-01T00:00:00Z', 'UTC', '2026-02-28T03:00:00.000Z'],
  ['the 31st skips short months', '0 3 31 * *', '2026-03-31T03:00:00Z', 'UTC', '2026-05-31T03:00:00.000Z'],
  ['a leap day', '0 3 29 2 *', '2026-01-01T00:00:00Z', 'UTC', '2028-02-29T03:00:00.000Z'],
  ['another time zone', '0 3 * * *', '2026-01-10T00:00:00Z', 'Asia/Kolkata', '2026-01-10T21:30:00.000Z'],
];
for (const [name, cron, last, zone, expected] of table) {
  test(name, () => {
    assert.equal(next(cron, last, zone), expected);
  });
}

test('a machine that was off for three weeks catches up with one run, at once', () => {
  const now = new Date('2026-05-22T12:00:00Z');
  const missed = past({ lastStarted: new Date('2026-05-01T03:00:00Z') });

  assert.equal(due([job('0 3 * * *')], () => missed, 'UTC', now).length, 1);
  const caughtUp = past({ lastStarted: now });
  assert.equal(due([job('0 3 * * *')], () => caughtUp, 'UTC', now).length, 0);
});

test('a job that never ran comes due at its first time after it was first heard of', () => {
  const now = new Date('2026-01-01T02:59:00Z');

  assert.deepEqual(
    due([job('0 3 * * *')], () => past(), 'UTC', now),
    [],
  );
  assert.equal(due([job('0 3 * * *')], () => past(), 'UTC', new Date('2026-01-01T03:00:00Z')).length, 1);
});

test('a run by hand before the time does not replace the scheduled one, after it does', () => {
  const cron = [job('0 3 * * *')];
  const before = past({ lastStarted: new Date('2026-05-01T02:50:00Z') });
  const after = past({ lastStarted: new Date('2026-05-01T03:05:00Z') });
  const now = new Date('2026-05-01T03:10:00Z');

  assert.equal(due(cron, () => before, 'UTC', now).length, 1);
  assert.equal(due(cron, () => after, 'UTC', now).length, 0);
});

test('what shall be tried again is due a quarter of an hour after it ended', () => {
  const ended = new Date('2026-05-01T04:00:00Z');
  const again = past({ lastStarted: new Date('2026-05-01T03:00:00Z'), lastEnded: ended, again: true });

  assert.equal(
    nextDue(job('0 3 * * *'), again, 'UTC', new Date('2026-05-01T04:01:00Z'))?.toISOString(),
    '2026-05-01T04:15:00.000Z',
  );
});

test('a clock that was set back does not silence the schedule', () => {
  const now = new Date('2026-05-02T03:00:01Z');
  const fromTheFuture = past({ lastStarted: new Date('2031-01-01T00:00:00Z') });

  assert.equal(due([job('0 3 * * *')], () => fromTheFuture, 'UTC', now).length, 1);
});

test('what is due next lies always after the last run', () => {
  for (const cron of ['* * * * *', '30 2 * * *', '0 3 * * 0', '15 */6 * * *']) {
    for (let hour = 0; hour < 24 * 365; hour += 7) {
      const last = new Date(Date.UTC(2026, 0, 1, hour));
      const found = nextDue(job(cron), past({ lastStarted: last }), berlin, new Date('2030-01-01T00:00:00Z'));
      assert.ok(found !== null && found > last, `${cron} after ${last.toISOString()}`);
    }
  }
});

test('each kind of run of each strategy is a job of its own', () => {
  const cron = '0 3 * * *';
  const parsed = parseConfig(
    JSON.stringify({
      datasets: { home: { dataset: 'tank/home' } },
      strategies: { a: { schedule: cron }, b: { schedule: cron } },
      drill: { schedule: { b: cron } },
    }),
  );

  assert.ok(parsed.ok);
  assert.deepEqual(
    jobsOf(parsed.config).map(({ name, kind, strategy }) => [name, kind, strategy]),
    [
      ['backup-a', 'backup', 'a'],
      ['backup-b', 'backup', 'b'],
      ['drill-b', 'drill', 'b'],
    ],
  );
});
