// A child process as one stage of a pipeline. Whoever starts it owns its whole life: `finished` settles once it is gone,
// and `stop` ends it with everything it started (its process group), waits, and may be called at any time and twice.
// What can go wrong: a stage that exits 0 without reading its input. Exit codes cannot show that; `pipeline/prove.ts` does.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { HavenError } from '../contract/errors.ts';
import { createTail, type Scrub } from './stderr-tail.ts';

export interface StageSpec {
  /** How people call it: `zfs send`, `xz`, `gpg`. */
  name: string;
  file: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** `none`, a pipe that we feed, or an open file's descriptor. */
  stdin: 'none' | 'pipe' | number;
  /** Handed over on descriptor 3, never in argv or environment. */
  secret?: string;
  scrub: Scrub;
  killAfterMs: number;
}

export interface Stage {
  name: string;
  stdin: Writable | null;
  stdout: Readable;
  /** Resolves when it exited 0; rejects with a StageError otherwise. */
  finished: Promise<void>;
  /** What it said on stderr, scrubbed. */
  said(): string;
  stop(): Promise<void>;
}

/** A stage that failed. `stopped` when we ended it ourselves: then it is not to blame. */
export class StageError extends HavenError {
  readonly stopped: boolean;

  constructor(stage: string, what: string, said: string, stopped: boolean) {
    super('failed', `${stage} ${what}${said === '' ? '' : `: ${said}`}`, { operation: stage });
    this.stopped = stopped;
  }
}

export function startStage(spec: StageSpec): Stage {
  const child = spawn(spec.file, spec.args, {
    env: spec.env,
    cwd: '/',
    detached: true, // its own process group, so that stop() reaches what it may have started
    stdio: [
      spec.stdin === 'none' ? 'ignore' : spec.stdin,
      'pipe',
      'pipe',
      ...(spec.secret === undefined ? [] : ['pipe' as const]),
    ],
  });
  const tail = createTail(spec.scrub);
  child.stderr!.on('data', tail.take);
  child.stdin?.on('error', ignore); // reported by whoever writes
  if (spec.secret !== undefined) handOver(child, spec.secret);

  let stopping: Promise<void> | undefined;
  const gone = new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(`could not be started (${error.message.split(' ').at(-1)})`));
    child.once('exit', (code, signal) => resolve(describeExit(code, signal)));
  });
  const drained = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  const finished = gone.then(async (wrong) => {
    if (wrong === null) return;
    if (stopping === undefined) await Promise.race([drained, later(200)]); // for the last words on stderr
    throw new StageError(spec.name, wrong, tail.text(), stopping !== undefined);
  });
  finished.catch(ignore); // its owner awaits it, perhaps later

  async function end(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) signalGroup(child, 'SIGTERM');
    const kill = setTimeout(() => signalGroup(child, 'SIGKILL'), spec.killAfterMs);
    await gone;
    clearTimeout(kill);
    signalGroup(child, 'SIGKILL'); // whatever is left of its group
    for (const stream of child.stdio) stream?.destroy();
  }

  return {
    name: spec.name,
    stdin: child.stdin,
    stdout: child.stdout!,
    finished,
    said: tail.text,
    stop: () => {
      stopping ??= end();
      return stopping;
    },
  };
}

function handOver(child: ChildProcess, secret: string): void {
  const pipe = child.stdio[3] as Writable;
  pipe.on('error', ignore); // a child that died without reading it says so by its exit
  pipe.end(secret);
}

function describeExit(code: number | null, signal: string | null): string | null {
  if (code === 0) return null;
  return code === null ? `was killed by ${signal}` : `exited ${code}`;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // ESRCH: the group is gone, which is what we want
  }
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function ignore(): void {}
