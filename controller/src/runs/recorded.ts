// Begin, do, end: whatever happens to a run, the history says what it came to.
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
  act: (run: string) => Promise<Ending>,
): Promise<RunSummary> {
  const [summary] = await recordedTogether(app, [about], async ([run]) => [await act(run!)]);
  return summary!;
}

/** Several runs that are one piece of work: each has its own record, and what is thrown is the end of them all. */
export async function recordedTogether(
  app: App,
  abouts: About[],
  act: (runs: string[]) => Promise<Ending[]>,
): Promise<RunSummary[]> {
  const runs = abouts.map((about) => begin(app, about));
  const kind = abouts[0]?.kind ?? 'backup';
  let endings: Ending[];
  try {
    endings = await act(runs);
  } catch (thrown) {
    const error = app.signal.aborted ? interruption(kind) : reportOf(thrown, kind);
    const outcome = error.code === 'interrupted' ? 'interrupted' : 'failed';
    endings = runs.map(() => ({ outcome, exit: exitCodes[error.code], error, result: null }));
  }
  return runs.map((run, at) => end(app, abouts[at]!, run, endings[at]!));
}

function begin(app: App, { kind, strategy, trigger }: About): string {
  const started = app.now();
  const run = newRunId(started, kind, strategy.name, app.randomHex(3));
  app.history.begin({ id: run, kind, strategy: strategy.name, trigger, started });
  app.log.child({ runId: run }).info({ kind, strategy: strategy.name }, 'run started');
  return run;
}

function end(app: App, { kind, strategy }: About, run: string, ending: Ending): RunSummary {
  const log = app.log.child({ runId: run });
  app.history.end(run, { ...ending, ended: app.now() });
  const facts = {
    kind,
    strategy: strategy.name,
    outcome: ending.outcome,
    exit: ending.exit,
    code: ending.error?.code,
  };
  if (ending.outcome === 'ok') log.info(facts, 'run ended');
  else log.error(facts, 'run ended without success');
  return { run, ...ending };
}

function interruption(kind: Kind): ErrorReport {
  return { code: 'interrupted', operation: kind, message: 'stopped by request' };
}
