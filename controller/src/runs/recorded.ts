// Begin, do, end: whatever happens to a run, the history says what it came to.

import { join } from 'node:path';
import type { App } from '../app.ts';
import type { Outcome } from '../contract/interpret.ts';
import { type ErrorReport, exitCodes, reportOf } from '../errors.ts';
import type { Kind, Trigger } from '../history/history.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { newRunId } from './run-id.ts';

export interface RunSummary {
  run: string;
  outcome: Outcome;
  exit: number;
  error: ErrorReport | null;
  result: unknown;
}

export type Ending = Omit<RunSummary, 'run'>;

interface About {
  kind: Kind;
  strategy: Strategy;
  trigger: Trigger;
}

export async function recorded(
  app: App,
  about: About,
  act: (run: string, app: App) => Promise<Ending>,
): Promise<RunSummary> {
  const [summary] = await recordedTogether(app, [about], async ([run], cancellable) => [
    await act(run!, cancellable),
  ]);
  return summary!;
}

/** Several runs that are one piece of work: each has its own record, and what is thrown is the end of them all. What they do is done with the app that `act` is given, whose signal `haven cancel` aborts as well. */
export async function recordedTogether(
  app: App,
  abouts: About[],
  act: (runs: string[], app: App) => Promise<Ending[]>,
): Promise<RunSummary[]> {
  const begun = abouts.map((about) => begin(app, about));
  const kind = abouts[0]?.kind ?? 'backup';
  const runs = begun.map(({ run }) => run);
  const cancelled = watchCancels(app, runs);
  const signal = AbortSignal.any([app.signal, cancelled.signal]);
  let endings: Ending[];
  try {
    endings = await act(runs, { ...app, signal });
  } catch (thrown) {
    const error = signal.aborted ? interruption(kind, cancelled.signal.aborted) : reportOf(thrown, kind);
    const outcome = error.code === 'interrupted' ? 'interrupted' : 'failed';
    endings = begun.map(() => ({ outcome, exit: exitCodes[error.code], error, result: null }));
  } finally {
    cancelled.stop();
  }
  const ended = app.now();
  const summaries = begun.map((one, at) => end(app, one, endings[at]!, ended));
  // Whatever they came to is in the history before anybody is told of it.
  for (const [at, one] of begun.entries()) await tell(app, one, summaries[at]!, ended);
  return summaries;
}

interface Begun extends About {
  run: string;
  started: Date;
  startTold: Promise<void>;
}

function begin(app: App, about: About): Begun {
  const { kind, trigger } = about;
  const strategy = about.strategy.name;
  const started = app.now();
  const run = newRunId(started, kind, strategy, app.randomHex(3));
  app.history.begin({ id: run, kind, strategy, trigger, started });
  app.log.child({ runId: run }).info({ kind, strategy }, 'run started');
  // Not waited for: who is told of a start must not keep the run from it.
  return { ...about, run, started, startTold: app.notifier.started({ run, kind, strategy }) };
}

function end(app: App, { run, kind, strategy }: Begun, ending: Ending, ended: Date): RunSummary {
  const log = app.log.child({ runId: run });
  app.history.end(run, { ...ending, ended });
  const { outcome, exit, error } = ending;
  const facts = { kind, strategy: strategy.name, outcome, exit, code: error?.code };
  if (outcome === 'ok') log.info(facts, 'run ended');
  else log.error(facts, 'run ended without success');
  return { run, ...ending };
}

async function tell(app: App, begun: Begun, summary: RunSummary, ended: Date): Promise<void> {
  const { run, kind, started, startTold } = begun;
  const { outcome, exit, error } = summary;
  await startTold;
  const times = { started: started.toISOString(), ended: ended.toISOString() };
  const strategy = begun.strategy.name;
  await app.notifier.ended(
    { run, kind, strategy, outcome, exit, code: error?.code ?? null, ...times },
    join(app.home.runs, run, 'log.txt'),
  );
}

function interruption(kind: Kind, cancelled: boolean): ErrorReport {
  const message = cancelled ? 'stopped by `haven cancel`' : 'stopped by request';
  return { code: 'interrupted', operation: kind, message };
}

const lookMs = 1000;

/** `haven cancel` is another process: the history is what both see. */
function watchCancels({ history, log }: App, runs: string[]): { signal: AbortSignal; stop: () => void } {
  const cancelling = new AbortController();
  const timer = setInterval(() => {
    if (!runs.some((run) => history.isCancelled(run))) return;
    log.info({ runs }, 'cancelled');
    cancelling.abort();
    clearInterval(timer);
  }, lookMs);
  return { signal: cancelling.signal, stop: () => clearInterval(timer) };
}
