// Surroundings for tests: own folders, shorter deadlines, everything else real. A test of a deadline sets its own; the others must pass on a busy machine.
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Surroundings, Timing } from '../surroundings.ts';

export const shortTiming: Timing = {
  stallMs: 20_000,
  requestIdleMs: 3000,
  giveUpAfterMs: 20_000,
  throttledMs: 5000,
  longSleepMs: 10_000,
  throttleGiveUpMs: 60_000,
  backoffBaseMs: 20,
  backoffMaxMs: 200,
  killAfterMs: 500,
  commandMs: 10_000,
};

export const realClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};

export interface TestRun {
  folder: string;
  toolPath: string;
  request: unknown;
  secrets: Record<string, string>;
  timing?: Partial<Timing>;
}

/** Given a run, write its request and secrets into `folder` (state stays from run to run) and return its surroundings. */
export function createSurroundings(
  run: TestRun,
  stop: AbortSignal,
  writeLine: (line: string) => void,
  logFd: number,
): Surroundings {
  const paths = {
    request: join(run.folder, 'request.json'),
    secrets: join(run.folder, 'secrets'),
    state: join(run.folder, 'state'),
    tmp: join(run.folder, 'tmp'),
    copy: join(run.folder, 'copy'),
  };
  for (const path of [paths.secrets, paths.state, paths.tmp]) mkdirSync(path, { recursive: true });
  writeFileSync(paths.request, JSON.stringify(run.request));
  for (const [name, text] of Object.entries(run.secrets)) writeFileSync(join(paths.secrets, name), text);
  return {
    ...{ paths, toolPath: run.toolPath, clock: realClock, random: Math.random, writeLine, logFd, stop },
    randomId: () => randomBytes(16).toString('hex'),
    chunkBytes: 256 * 1024,
    timing: { ...shortTiming, ...run.timing },
  };
}
