// Begin, do, end: whatever happens to a run, the history says what it came to.

import { join } from 'node:path';
import type { App } from '../app.ts';
import type { Outcome } from '../contract/interpret.ts';
import { type ErrorReport, exitCodes, reportOf } from '../errors.ts';
import type { Kind, Trigger } from '../history/history.ts';
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
  { kind, trigger }: { kind: Kind; trigger: Trigger },
  act: (run: string) => Promise<Ending>,
): Promise<RunSummary> {
  const started = app.now();
  const run = newRunId(started, kind, 'b', app.randomHex(3));
  app.history.begin({ id: run, kind, strategy: 'b', trigger, started });
  const log = app.log.child({ runId: run });
  log.info({ kind }, 'run started');
  // Not waited for: who is told of a start must not keep the run from it.
  const startTold = app.notifier.started({ run, kind, strategy: 'b' });
  let ending: Ending;
  try {
    ending = await act(run);
  } catch (thrown) {
    const error = app.signal.aborted ? interruption(kind) : reportOf(thrown, kind);
    const outcome = error.code === 'interrupted' ? 'interrupted' : 'failed';
    ending = { outcome, exit: exitCodes[error.code], error, result: null };
  }
  const ended = app.now();
  app.history.end(run, { ...ending, ended });
  const facts = { kind, outcome: ending.outcome, exit: ending.exit, code: ending.error?.code };
  if (ending.outcome === 'ok') log.info(facts, 'run ended');
  else log.error(facts, 'run ended without success');
  await startTold;
  const { outcome, exit, error } = ending;
  const times = { started: started.toISOString(), ended: ended.toISOString() };
  await app.notifier.ended(
    { run, kind, strategy: 'b', outcome, exit, code: error?.code ?? null, ...times },
    join(app.home.runs, run, 'log.txt'),
  );
  return { run, ...ending };
}

function interruption(kind: Kind): ErrorReport {
  return { code: 'interrupted', operation: kind, message: 'stopped by request' };
}
