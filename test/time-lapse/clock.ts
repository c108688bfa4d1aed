// Time that passes when somebody waits for it, and when the story goes on; never by itself.
import { createHash } from 'node:crypto';

export interface Clock {
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  set(ms: number): void;
  /** Where strategy B's log goes. */
  logFd: number;
}

export function createClock(start: number, logFd: number, onPassed: (ms: number) => void): Clock {
  let now = start;
  return {
    logFd,
    now: () => now,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      now += ms;
      onPassed(ms);
    },
    set: (ms) => {
      if (ms <= now) return;
      onPassed(ms - now);
      now = ms;
    },
  };
}

export function shaOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
