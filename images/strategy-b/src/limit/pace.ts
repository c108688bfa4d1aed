// A token bucket for bytes on their way to the socket. A second's worth may be caught up on after a wait for an answer, so that a
// minute is exact to two per cent; the rate is asked for at each slice, so that a change takes effect in the middle of a chunk.
import type { Clock } from '../surroundings.ts';

export interface Pace {
  /** How much to take at once: a tenth of a second's worth. */
  sliceBytes(): number;
  /** Waits until so many bytes may go. */
  take(bytes: number, stop: AbortSignal): Promise<void>;
}

const largestSlice = 64 * 1024;
const smallestSlice = 1024;
const catchUpSeconds = 1;
/** Waits are cut, so that a faster rate is noticed. */
const longestWaitMs = 1000;

/** Given what tells the rate in bytes a second (Infinity: no limit; never 0), return a pace that keeps it. */
export function createPace(rate: () => number, clock: Clock): Pace {
  let saved = 0;
  let last = clock.now();

  return {
    sliceBytes: () => Math.min(largestSlice, Math.max(smallestSlice, Math.floor(rate() / 10))),
    take: async (bytes, stop) => {
      for (;;) {
        const perSecond = rate();
        const now = clock.now();
        const passed = Math.max(0, now - last) / 1000;
        last = now;
        if (perSecond === Number.POSITIVE_INFINITY) {
          saved = 0;
          return;
        }
        saved = Math.min(saved + perSecond * passed, Math.max(perSecond * catchUpSeconds, bytes));
        if (saved >= bytes) {
          saved -= bytes;
          return;
        }
        const waitMs = Math.ceil(((bytes - saved) / perSecond) * 1000);
        await clock.sleep(Math.min(Math.max(waitMs, 1), longestWaitMs), stop);
      }
    },
  };
}
