// Time that passes only by being slept.
import type { Clock } from '../surroundings.ts';

export interface ManualClock extends Clock {
  pass(ms: number): void;
  /** What was slept, in order. */
  slept: number[];
}

export function createManualClock(start = 0): ManualClock {
  let now = start;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
    pass: (ms) => {
      now += ms;
    },
  };
}
