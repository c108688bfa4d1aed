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

export async function recorded(
  app: App,
  { kind, strategy, trigger }: { kind: Kind; strategy: Strategy; trigger: Trigger },
  act: (run: string) => Promise<Ending>,
): Promise<RunSummary> {
  const started = app.now();
  const run = newRunId(started, kind, strategy.name, app.randomHex(3));
  app.history.begin({ id: run, kind, strategy: strategy.name, trigger, started });
  const log = app.log.child({ runId: run });
  log.info({ kind, strategy: strategy.name }, 'run started');
  let ending: Ending;
  try {
    ending = await act(run);
  } catch (thrown) {
    const error = app.signal.aborted ? interruption(kind) : reportOf(thrown, kind);
    const outcome = error.code === 'interrupted' ? 'interrupted' : 'failed';
    ending = { outcome, exit: exitCodes[error.code], error, result: null };
  }
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
