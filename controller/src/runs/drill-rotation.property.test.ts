// Years of a large host's drills: whatever was missed or red, each dataset is restored in full within the period.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cron } from 'croner';
import fc from 'fast-check';
import { longestGap } from '../config/calendar.ts';
import { takeTurns, type Waiting } from './drill-rotation.ts';

const begin = new Date('2026-01-01T00:00:00Z');
const timezone = 'Europe/Berlin';
const dayMs = 86_400_000;

/** How a drill that was due went: all green, some red, or it did not take place. */
const happening = fc.oneof(
  { weight: 5, arbitrary: fc.constant('green' as const) },
  { weight: 1, arbitrary: fc.constant('missed' as const) },
);
const host = fc.record({
  rhythm: fc.constantFrom(
    { cron: '0 5 * * *', withinDays: 30 },
    { cron: '0 5 * * *', withinDays: 3 },
    { cron: '0 5 * * 0', withinDays: 30 },
    { cron: '0 5 1,15 * *', withinDays: 90 },
    { cron: '0 5 * * 6,0', withinDays: 20 },
  ),
  sizes: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 25 }),
  story: fc.array(happening, { minLength: 30, maxLength: 60 }),
});

type Told = 'green' | 'missed';

interface Life {
  waiting: Waiting[];
  coming: Date[];
  withinDays: number;
  gapMs: number;
}

/** Longer than any story; asked for once, for they take the most time of all. */
const calendars = new Map<string, { coming: Date[]; gapMs: number }>();

function calendarOf(cron: string): { coming: Date[]; gapMs: number } {
  const coming = new Cron(cron, { timezone, paused: true }).nextRuns(150, begin);
  const calendar = { coming, gapMs: longestGap({ cron, timezone }, begin)! };
  calendars.set(cron, calendar);
  return calendar;
}

function life({ cron, withinDays }: { cron: string; withinDays: number }, sizes: number[]): Life {
  const waiting = sizes.map((bytes, at) => ({ id: `d${at}`, bytes, provenAt: null, since: begin }));
  return { waiting, withinDays, ...(calendars.get(cron) ?? calendarOf(cron)) };
}

/** Lives through the drills, and returns the longest time that any dataset was without proof, as seen at `looks`. */
function longestWithoutProof(
  { waiting, coming, withinDays, gapMs }: Life,
  story: Told[],
  looks: (at: number) => boolean,
): number {
  let longest = 0;
  for (const [at, told] of story.entries()) {
    const now = coming[at]!;
    if (told === 'green') {
      const rhythm = { withinDays, coming: coming.slice(at + 1), gapMs };
      const chosen = new Set(takeTurns(waiting, rhythm, now).now.map(({ source }) => source));
      assert.ok(chosen.size > 0, 'a drill that drills nothing');
      for (const one of waiting) if (chosen.has(one.id)) one.provenAt = now;
    }
    if (!looks(at)) continue;
    const next = coming[at + 1]!.getTime();
    for (const { provenAt, since } of waiting)
      longest = Math.max(longest, next - (provenAt ?? since).getTime());
  }
  return longest;
}

test('with single drills missed, each dataset is proven anew within the period', () => {
  fc.assert(
    fc.property(host, ({ rhythm, sizes, story }) => {
      const one = life(rhythm, sizes);
      const single = story.map((told, at) => (story[at - 1] === 'missed' ? 'green' : told));

      const longest = longestWithoutProof(one, single, () => true);

      assert.ok(longest <= rhythm.withinDays * dayMs, `${longest / dayMs} days`);
    }),
    { numRuns: 60 },
  );
});

test('however many drills in a row were missed, the next one that takes place makes up for all of them', () => {
  fc.assert(
    fc.property(host, fc.integer({ min: 2, max: 25 }), ({ rhythm, sizes, story }, gone) => {
      const one = life(rhythm, sizes);
      const away = [...story.slice(0, 10), ...Array<Told>(gone).fill('missed'), ...story.slice(10)];

      const longest = longestWithoutProof(one, away, (at) => away[at] === 'green');

      assert.ok(longest <= rhythm.withinDays * dayMs, `${longest / dayMs} days`);
    }),
    { numRuns: 60 },
  );
});

test('the work is spread: of thirty datasets of one size, a drill a day restores two at most', () => {
  const { waiting, coming, withinDays, gapMs } = life(
    { cron: '0 5 * * *', withinDays: 30 },
    Array(30).fill(7),
  );
  const counts: number[] = [];
  for (let at = 0; at < 100; at += 1) {
    const { now } = takeTurns(waiting, { withinDays, coming: coming.slice(at + 1), gapMs }, coming[at]!);
    counts.push(now.length);
    for (const { source } of now) waiting.find(({ id }) => id === source)!.provenAt = coming[at]!;
  }

  assert.ok(Math.max(...counts) <= 2, counts.join(' '));
  assert.ok(counts.reduce((sum, count) => sum + count) <= 130, counts.join(' '));
});

test('one whose drill is red every time comes up every time, and keeps nobody else from his turn', () => {
  const { waiting, coming, withinDays, gapMs } = life(
    { cron: '0 5 * * 0', withinDays: 30 },
    [500, 1, 1, 1, 1, 1],
  );
  for (let at = 0; at < 60; at += 1) {
    const { now } = takeTurns(waiting, { withinDays, coming: coming.slice(at + 1), gapMs }, coming[at]!);
    for (const one of waiting) {
      if (one.id !== 'd0' && now.some(({ source }) => source === one.id)) one.provenAt = coming[at]!;
      const without = coming[at + 1]!.getTime() - (one.provenAt ?? one.since).getTime();
      if (one.id === 'd0') assert.ok(at < 4 || now[0]?.source === 'd0');
      else assert.ok(without <= withinDays * dayMs);
    }
  }
});

test('each turn says why', () => {
  const now = new Date('2026-05-10T05:00:00Z');
  const since = new Date('2026-05-01T00:00:00Z');
  const waiting = [
    { id: 'new', bytes: 1, provenAt: null, since },
    { id: 'old', bytes: 1, provenAt: new Date('2026-04-20T05:00:00Z'), since },
  ];
  const coming = [new Date('2026-05-17T05:00:00Z'), new Date('2026-05-24T05:00:00Z')];

  const rotation = takeTurns(waiting, { withinDays: 30, coming, gapMs: 7 * dayMs }, now);

  assert.deepEqual(rotation, {
    now: [{ source: 'old', why: 'last restored in full 20 days ago' }],
    later: [{ source: 'new', why: 'never restored in full yet; its turn comes by 2026-05-24' }],
  });
});
