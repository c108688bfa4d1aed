// One run of `backup` as a process, killed at a chosen step with all that it started.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FakeSource } from '../../images/strategy-b/src/testing/fake-tools.ts';
import { type Bench, backupRequest, type RunResult } from '../strategy-b/harness.ts';

/** Small parts, so that there are several; short chains, so that fulls come too. */
const settings = { partBytes: 65_536, chainLength: 5 };

export interface Attempt {
  result: RunResult;
  /** Names of the steps that it began. */
  steps: string[];
  killed: boolean;
}

/** One run of `backup`; killed at its n-th step, or never with 0. */
export async function attempt(bench: Bench, source: FakeSource, at: number): Promise<Attempt> {
  const log = join(bench.folder, 'steps');
  const preload = pathToFileURL(join(import.meta.dirname, 'crash-point.ts'));
  preload.search = String(new URLSearchParams({ at: String(at), log }));
  const request = backupRequest(bench.drive, [source], settings);
  const options = ['--import', preload.href];
  const { child, ended } = bench.start('backup', request, {}, undefined, options);
  const result = await ended;
  const killed = child.signalCode === 'SIGKILL';
  if (killed) await endTools(bench.tools.path.split(':')[0]!);
  return { result, steps: readFileSync(log, 'utf8').split('\n').filter(Boolean), killed };
}

/** A container takes its children with it; here they are found by the PATH that only they have. */
async function endTools(folder: string): Promise<void> {
  for (let left = toolsOf(folder); left.length > 0; left = toolsOf(folder)) {
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it ended by itself meanwhile
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function toolsOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(`PATH=${folder}:`))
    .map(Number);
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return ''; // gone, or of another user
  }
}
