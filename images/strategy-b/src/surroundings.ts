// Everything that the code takes from outside: places, time, chance, the way out. `main.ts` wires the real ones, tests their own.
import type { Connection } from './drive/connection.ts';
import type { Store } from './drive/store.ts';

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Waits; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Paths {
  request: string;
  secrets: string;
  state: string;
  tmp: string;
  /** Where `copy` puts what it copies. */
  copy: string;
}

/** Deadlines, in milliseconds. Nothing waits for ever; a slow thing that moves is never cut off. */
export interface Timing {
  /** A process that neither gives nor takes a byte for so long has stalled. */
  stallMs: number;
  /** A request to the store that moves no byte for so long is given up and tried again. */
  requestIdleMs: number;
  /** Tries without any progress end after this: exit 11. */
  giveUpAfterMs: number;
  /** Uploads that are answered "rate limit" for so long are more than hurried: the day's allowance may be used up. */
  throttledMs: number;
  /** Then each try is so far from the next … */
  longSleepMs: number;
  /** … and the last one so far from the first: a day, whenever Google's begins. */
  throttleGiveUpMs: number;
  backoffBaseMs: number;
  backoffMaxMs: number;
  /** Between SIGTERM and SIGKILL to a child. */
  killAfterMs: number;
  /** For a short command such as `zfs get`. */
  commandMs: number;
}

export const realTiming: Timing = {
  stallMs: 15 * 60_000,
  // The kernel takes some megabytes at once and sends them in its own time: at 0.2 Mbit/s that is minutes.
  requestIdleMs: 240_000,
  giveUpAfterMs: 45 * 60_000,
  throttledMs: 10 * 60_000,
  longSleepMs: 60 * 60_000,
  throttleGiveUpMs: 26 * 3600_000,
  backoffBaseMs: 1000,
  backoffMaxMs: 64_000,
  killAfterMs: 5000,
  commandMs: 120_000,
};

export interface Surroundings {
  paths: Paths;
  /** PATH for the tools: zfs, xz, gpg. */
  toolPath: string;
  clock: Clock;
  /** A number in [0, 1). */
  random(): number;
  /** 32 hexadecimal digits that nobody can guess. */
  randomId(): string;
  writeLine(line: string): void;
  /** File descriptor of the log. */
  logFd: number;
  timing: Timing;
  /** How much of a part is in memory and in one request: a multiple of 256 KiB. */
  chunkBytes: number;
  /** Another store than Google Drive: of a bench, which measures what is ours alone. */
  createStore?(connection: Connection): Store;
  /** Aborted by SIGTERM. */
  stop: AbortSignal;
}
