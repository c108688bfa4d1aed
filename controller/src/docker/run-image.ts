// One verb of one image, from creation to removal. Guarantees: what the image wrote is kept as it came, the container is gone at
// the end, and whatever happened is an Interpretation. What can go wrong: Docker refuses (HavenError), the name is taken (busy).
import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageEvent } from '../contract/events.ts';
import { type Interpretation, interpret } from '../contract/interpret.ts';
import type { Request } from '../contract/request.ts';
import { containerOptions, type RunSpec } from './container-options.ts';
import type { Engine } from './engine.ts';
import { type OutputReader, outputReader } from './output-reader.ts';

export interface RunOptions {
  /** Aborted: the container is stopped, with SIGTERM first. */
  signal: AbortSignal;
  maxSeconds: number;
  graceSeconds?: number;
  /** The run's folder, where events.jsonl and log.txt are appended; null keeps nothing. */
  folder: string | null;
  onEvent?: (event: ImageEvent) => void;
}

export async function runImage(engine: Engine, spec: RunSpec, options: RunOptions): Promise<Interpretation> {
  if (options.signal.aborted) return neverStarted(spec);
  const id = await engine.create(containerOptions(spec));
  try {
    const reader = outputReader(options.folder, spec.verb, options.onEvent ?? (() => {}));
    const { ended } = await engine.attach(id, reader);
    if (options.signal.aborted) {
      reader.finish();
      return neverStarted(spec);
    }
    await engine.start(id);
    return await follow(engine, id, { spec, options, reader, ended });
  } finally {
    await engine.remove(id);
  }
}

interface Following {
  spec: { verb: RunSpec['verb']; run: string };
  options: RunOptions;
  reader: OutputReader;
  ended: Promise<void>;
}

async function follow(engine: Engine, id: string, following: Following): Promise<Interpretation> {
  const { spec, options, reader, ended } = following;
  let timedOut = false;
  let stopped = false;
  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    // A stop that Docker refuses shows as a container that runs on until its maximum time; wait() tells in the end.
    stopping ??= engine.stop(id, options.graceSeconds ?? 30).catch(() => {});
  };
  const onAbort = (): void => {
    stopped = true;
    stop();
  };
  options.signal.addEventListener('abort', onAbort, { once: true });
  if (options.signal.aborted) onAbort();
  const cancelTimer = afterSeconds(options.maxSeconds, () => {
    timedOut = true;
    stop();
  });
  try {
    const state = await engine.wait(id);
    await stopping;
    // All output is in the pipe by now; a stream that does not end must not hold up the run for ever.
    await Promise.race([ended, sleep(5000, undefined, { ref: false })]);
    const { results, resultWasLast, garbage } = reader.finish();
    const run = spec.verb === 'version' ? null : spec.run;
    return interpret({
      verb: spec.verb,
      run,
      exitCode: state.exitCode,
      results,
      resultWasLast,
      garbage,
      oomKilled: state.oomKilled,
      stopped,
      timedOut,
    });
  } finally {
    cancelTimer();
    options.signal.removeEventListener('abort', onAbort);
  }
}

/** Given an ended container that a killed controller left behind, return what it came to, from Docker's own log of it; `asked` says whether, and why, we have stopped it. */
export async function readLeftover(
  engine: Engine,
  id: string,
  verb: Request['verb'],
  run: string,
  asked: { stopped: boolean; timedOut: boolean },
  folder: string | null,
): Promise<Interpretation> {
  const reader = outputReader(folder, verb, () => {});
  await engine.logs(id, reader);
  const { results, resultWasLast, garbage } = reader.finish();
  const state = await engine.wait(id);
  return interpret({ verb, run, ...state, ...asked, results, resultWasLast, garbage });
}

/** setTimeout that takes any number of seconds: a month does not fit into its 31 bits of milliseconds. */
function afterSeconds(seconds: number, act: () => void): () => void {
  let left = seconds * 1000;
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const step = Math.min(left, 2 ** 30);
    left -= step;
    timer = setTimeout(() => (left > 0 ? arm() : act()), step);
  };
  arm();
  return () => clearTimeout(timer);
}

function neverStarted(spec: RunSpec): Interpretation {
  const error = { code: 'interrupted', operation: spec.verb, message: 'stopped before it started' } as const;
  return { outcome: 'interrupted', exitCode: 143, result: undefined, error };
}
