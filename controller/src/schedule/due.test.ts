import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import { decide, type Job, jobsOf, nextDue, type Past, starts } from './due.ts';

const berlin = 'Europe/Berlin';

function job(cron: string, change: Partial<Job> = {}): Job {
  return {
    name: 'backup-b',
    kind: 'backup',
    strategy: 'b',
    cron,
    jitterMinutes: 0,
    overlap: 'wait',
    ...change,
  };
}

/** The jobs that are started at a time. */
function due(jobs: Job[], pastOf: () => Past, timezone: string, now: Date): Job[] {
  const present = { timezone, now, running: new Set<string>(), pauses: [] };
  return jobs.filter((one) => {
    const decision = decide(one, pastOf(), present);
    return decision !== null && starts(decision);
  });
}

function past(change: Partial<Past> = {}): Past {
  return {
    lastStarted: null,
    lastEnded: null,
    again: false,
    firstSeen: new Date('2026-01-01T00:00:00Z'),
    seed: 7,
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
      strategies: { a: { schedule: cron }, b: { schedule: cron, audit: { schedule: cron } } },
      drill: { schedule: { b: cron }, stream: { schedule: { a: cron } } },
    }),
  );

  assert.ok(parsed.ok);
  assert.deepEqual(
    jobsOf(parsed.config).map(({ name, kind, strategy }) => [name, kind, strategy]),
    [
      ['backup-a', 'backup', 'a'],
      ['backup-b', 'backup', 'b'],
      ['audit-b', 'audit', 'b'],
      ['drill-b', 'drill', 'b'],
      ['stream-a', 'stream', 'a'],
    ],
  );
});

const at = (time: string) => new Date(`2026-05-${time}:00Z`);
const day = '0 3 * * *';

function decided(one: Job, of: Past, now: Date, more: { running?: string[]; until?: Date } = {}) {
  const pauses =
    more.until === undefined
      ? []
      : [{ job: one.name, since: at('01T00:00'), until: more.until, reason: 'moving house' }];
  const running = new Set(more.running ?? []);
  const decision = decide(one, of, { timezone: 'UTC', now, running, pauses });
  return decision === null ? null : [decision.what, decision.due.toISOString(), starts(decision)];
}

test('each decision says what was done, and of which time', () => {
  const yesterday = past({ lastStarted: at('01T03:00'), lastEnded: at('01T03:10') });
  const due = '2026-05-02T03:00:00.000Z';

  assert.equal(decided(job(day), yesterday, at('02T02:59')), null);
  assert.deepEqual(decided(job(day), yesterday, at('02T03:00')), ['ran', due, true]);
  assert.deepEqual(decided(job(day), yesterday, at('04T12:00')), ['caught-up', due, true]);
  assert.deepEqual(decided(job(day), yesterday, at('02T03:00'), { until: at('09T00:00') }), [
    'paused',
    due,
    false,
  ]);
  assert.deepEqual(decided(job(day), yesterday, at('09T00:00'), { until: at('09T00:00') }), [
    'caught-up',
    due,
    true,
  ]);
  assert.deepEqual(decided(job(day), { ...yesterday, again: true }, at('01T03:25')), [
    'tried-again',
    '2026-05-01T03:25:00.000Z',
    true,
  ]);
});

test('a run that takes longer than its rhythm: what came meanwhile follows at once, or is left out', () => {
  const long = past({ lastStarted: at('01T03:00'), lastEnded: null });
  const over = past({ lastStarted: at('01T03:00'), lastEnded: at('03T04:00') });
  const [waits, skips] = [job(day), job(day, { overlap: 'skip' })];

  for (const one of [waits, skips]) {
    assert.equal(decided(one, long, at('01T12:00'), { running: ['backup-b'] }), null);
    const meanwhile = decided(one, long, at('03T03:30'), { running: ['backup-b'] });
    const what = one === waits ? 'overlapped' : 'skipped';
    assert.deepEqual(meanwhile, [what, '2026-05-02T03:00:00.000Z', false]);
  }
  assert.deepEqual(decided(waits, over, at('03T04:00')), ['caught-up', '2026-05-02T03:00:00.000Z', true]);
  assert.equal(decided(skips, over, at('03T04:00')), null);
  assert.deepEqual(decided(skips, over, at('04T03:00')), ['ran', '2026-05-04T03:00:00.000Z', true]);
});

test('jitter delays by less than it may, the same way each time, and jobs of one time together', () => {
  const yesterday = past({ lastStarted: at('01T03:30') });
  const jitter = { jitterMinutes: 30 };
  const times = Array.from({ length: 200 }, (_, seed) => {
    const next = nextDue(job(day, jitter), { ...yesterday, seed }, 'UTC', at('02T12:00'))!;
    assert.deepEqual(
      next,
      nextDue(job(day, { ...jitter, name: 'backup-a' }), { ...yesterday, seed }, 'UTC', at('02T12:00')),
    );
    return (next.getTime() - at('02T03:00').getTime()) / 60_000;
  });

  assert.ok(times.every((minutes) => minutes >= 0 && minutes < 30));
  for (const part of [0, 10, 20]) assert.ok(times.some((minutes) => minutes >= part && minutes < part + 10));
});

test('with jitter each regular time still has its run, and one only', () => {
  const jittery = job(day, { jitterMinutes: 120 });
  let last = at('01T03:00');
  for (let run = 0; run < 400; run += 1) {
    const next = nextDue(jittery, past({ lastStarted: last }), berlin, new Date('2030-01-01T00:00:00Z'))!;
    const hours = (next.getTime() - last.getTime()) / 3_600_000;
    assert.ok(hours > 21 && hours < 27, `${last.toISOString()} to ${next.toISOString()}`);
    last = next;
  }
});
