// Everything that the code takes from outside: places, time, chance, the way out. `main.ts` wires the real ones, tests their own.

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
}

/** Deadlines, in milliseconds. Nothing waits for ever; a slow thing that moves is never cut off. */
export interface Timing {
  /** A process that neither gives nor takes a byte for so long has stalled. */
  stallMs: number;
  /** A request to the store that moves no byte for so long is given up and tried again. */
  requestIdleMs: number;
  /** Tries without any progress end after this: exit 11. */
  giveUpAfterMs: number;
  backoffBaseMs: number;
  backoffMaxMs: number;
  /** Between SIGTERM and SIGKILL to a child. */
  killAfterMs: number;
  /** For a short command such as `zfs get`. */
  commandMs: number;
}

export const realTiming: Timing = {
  stallMs: 15 * 60_000,
  requestIdleMs: 120_000,
  giveUpAfterMs: 45 * 60_000,
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
  /** Aborted by SIGTERM. */
  stop: AbortSignal;
}
