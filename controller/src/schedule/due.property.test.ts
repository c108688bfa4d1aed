// Whatever the clock does, and however long runs take: nothing runs without its time having come, and no time that has come is forgotten.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cron } from 'croner';
import fc from 'fast-check';
import { decide, type Job, type Past, starts } from './due.ts';

const minute = 60_000;
const step = fc.record({
  /** To the next look, in minutes: mostly a few, sometimes weeks asleep. */
  minutes: fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 30 * 24 * 60 })),
  /** How long a run takes that begins at this look. */
  takes: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 10 * 24 * 60 })),
});
const story = fc.record({
  cron: fc.constantFrom('*/15 * * * *', '0 3 * * *', '30 2 * * *', '0 5 * * 0', '0 3 31 * *', '@weekly'),
  timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe'),
  overlap: fc.constantFrom('wait', 'skip'),
  begin: fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2028, 11, 31) }),
  steps: fc.array(step, { minLength: 20, maxLength: 120 }),
});

test('over any life of a server each start has its time, and each time its start', () => {
  fc.assert(
    fc.property(story, ({ cron, timezone, overlap, begin, steps }) => {
      const job: Job = { name: 'backup-b', kind: 'backup', strategy: 'b', cron, overlap, jitterMinutes: 0 };
      const regular = (since: Date) => new Cron(cron, { timezone, paused: true }).nextRun(since);
      let past: Past = {
        lastStarted: null,
        lastEnded: null,
        again: false,
        firstSeen: new Date(begin),
        seed: 1,
      };
      let ends = 0;
      let now = begin;
      for (const { minutes, takes } of steps) {
        now += minutes * minute;
        const running = now < ends;
        if (!running && past.lastStarted !== null) past = { ...past, lastEnded: new Date(ends) };
        const at = new Date(now);
        const present = { timezone, now: at, running: new Set(running ? [job.name] : []), pauses: [] };
        const decision = decide(job, past, present);
        const since = (overlap === 'skip' ? past.lastEnded : null) ?? past.lastStarted ?? past.firstSeen;
        const came = regular(since) !== null && regular(since)! <= at;
        if (running) assert.ok(decision === null || !starts(decision), 'never two at once');
        else
          assert.equal(
            decision !== null && starts(decision),
            came,
            `${cron} ${timezone} ${at.toISOString()}`,
          );
        if (decision === null || !starts(decision)) continue;
        past = { ...past, lastStarted: at, lastEnded: null };
        ends = now + takes * minute;
      }
    }),
    { numRuns: 300, seed: 20261127 },
  );
});
