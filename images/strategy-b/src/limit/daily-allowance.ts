// Google takes 750 GB a day from one account (support.google.com/a/answer/172541), and says so by the very error that also means "slow down a little".
// So the bytes of the last 24 hours are counted here, over restarts, and what would be too much waits. When Google's day begins nobody says: a
// sliding day is right for all of them. A crash forgets a minute's worth; a lost record, one day's: then Google's refusal is slept over (drive/retry.ts).
import * as z from 'zod';
import { readJsonFile, writeJsonFile } from '../state/json-file.ts';
import type { Clock } from '../surroundings.ts';

const quarterMs = 15 * 60_000;
const dayMs = 24 * 3600_000;
const saveEachMs = 60_000;

const Spent = z.array(z.object({ at: z.number(), bytes: z.number().min(0) }));
type Spent = z.infer<typeof Spent>;

export interface DailyAllowance {
  /** How long until so many bytes are within the allowance; 0: they are now. */
  waitFor(bytes: number): number;
  /** They go now. */
  spend(bytes: number): void;
  /** Writes down what is not yet. */
  save(): void;
}

/** Given where it is written down and how much a day may have, return the account's allowance. */
export function openDailyAllowance(path: string, perDay: number, clock: Clock): DailyAllowance {
  const parsed = Spent.safeParse(readJsonFile(path));
  let spent: Spent = parsed.success ? parsed.data : [];
  let unsaved = false;
  let savedAt = clock.now();

  /** A clock that went back must not make entries last: what is in the future happened now. */
  function ofToday(now: number): Spent {
    spent = spent
      .map(({ at, bytes }) => ({ at: Math.min(at, now), bytes }))
      .filter(({ at }) => endOf(at) > now);
    return spent;
  }

  function save(): void {
    if (unsaved) writeJsonFile(path, ofToday(clock.now()));
    unsaved = false;
    savedAt = clock.now();
  }

  return {
    waitFor: (bytes) => {
      const now = clock.now();
      let sum = ofToday(now).reduce((total, entry) => total + entry.bytes, 0);
      if (sum === 0 || sum + bytes <= perDay) return 0;
      for (const entry of spent.toSorted((left, right) => left.at - right.at)) {
        sum -= entry.bytes;
        if (sum === 0 || sum + bytes <= perDay) return endOf(entry.at) - now;
      }
      return dayMs;
    },
    spend: (bytes) => {
      const now = clock.now();
      const quarter = Math.floor(now / quarterMs);
      const entry = spent.find(({ at }) => Math.floor(at / quarterMs) === quarter);
      if (entry === undefined) spent.push({ at: now, bytes });
      else Object.assign(entry, { at: now, bytes: entry.bytes + bytes });
      unsaved = true;
      if (now - savedAt >= saveEachMs || now < savedAt) save();
    },
    save,
  };
}

function endOf(at: number): number {
  return at + dayMs;
}
