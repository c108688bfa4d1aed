// What stands between the uploader and the line: the owner's limit and windows, and Google's daily allowance. A wait on purpose happens between two chunks,
// where a session keeps; the chunk under way when a pause begins goes on at the rate before it, for it would be lost otherwise.
import { interrupted } from '../contract/errors.ts';
import type { Clock } from '../surroundings.ts';
import type { DailyAllowance } from './daily-allowance.ts';
import { createPace, type Pace } from './pace.ts';
import { rateAt, type Timetable } from './timetable.ts';
import { createWeekClock } from './week-clock.ts';

export interface Line {
  pace: Pace;
  /** Waits until a chunk may be sent; returns how many bytes of those wanted it may have, and whether there was a wait. */
  clear(wanted: number, stop: AbortSignal): Promise<{ bytes: number; waited: boolean }>;
  /** So many were taken by the store: only those count for the day, or a chunk that fails after a wait would wait for ever. */
  spend(bytes: number): void;
}

export interface LineOptions {
  timetable: Timetable;
  timezone: string;
  allowance: DailyAllowance;
  clock: Clock;
  /** Called once at the beginning of each wait. */
  onWait(reason: 'paused' | 'daily-limit', ms: number | undefined): void;
}

/** A chunk of a resumable upload is a multiple of it. */
const granularity = 256 * 1024;
/** A chunk is at most so long under way: little is lost with it, a failure is seen soon, and a pause begins soon. */
const chunkSeconds = 60;
const longestSleepMs = 60_000;

export function createLine(options: LineOptions): Line {
  const { timetable, timezone, allowance, clock, onWait } = options;
  const weekClock = createWeekClock(timezone);
  const rateNow = () => rateAt(timetable, weekClock(clock.now()));
  let lastRate = Number.POSITIVE_INFINITY;
  function openRate(): number {
    lastRate = rateNow() || lastRate;
    return lastRate;
  }

  /** Given what tells how long to wait (0: no more), sleep in short steps: the clock may be set, a timetable knows no distances. */
  async function waitWhile(
    reason: 'paused' | 'daily-limit',
    waitMs: () => number,
    stop: AbortSignal,
  ): Promise<boolean> {
    let ms = waitMs();
    if (ms === 0) return false;
    allowance.save();
    onWait(reason, Number.isFinite(ms) ? ms : undefined);
    for (; ms > 0; ms = waitMs())
      await clock.sleep(Math.min(ms, longestSleepMs), stop).catch(() => {
        throw interrupted('upload');
      });
    return true;
  }

  return {
    pace: createPace(openRate, clock),
    clear: async (wanted, stop) => {
      if (wanted === 0) return { bytes: 0, waited: false };
      let waited = false;
      for (;;) {
        const bytes = Math.min(wanted, chunkAt(openRate()));
        const paused = await waitWhile(
          'paused',
          () => (rateNow() === 0 ? Number.POSITIVE_INFINITY : 0),
          stop,
        );
        const spent = await waitWhile('daily-limit', () => allowance.waitFor(bytes), stop);
        if (!paused && !spent) return { bytes, waited };
        waited = true; // a window may have closed, or a rate changed, meanwhile
      }
    },
    spend: allowance.spend,
  };
}

function chunkAt(rate: number): number {
  if (rate === Number.POSITIVE_INFINITY) return rate;
  return Math.max(granularity, Math.floor((rate * chunkSeconds) / granularity) * granularity);
}
