// Runs the steps of one pipeline together. They all succeed, or it throws the error that is to blame, with every child gone.
import { HavenError, interrupted } from '../contract/errors.ts';
import { type Stage, StageError } from '../process/child.ts';
import { createWatchdog, type Watchdog } from './stall.ts';

export interface StageRun {
  stages: Stage[];
  stallMs: number;
  stop: AbortSignal;
  /** Given the watchdog, start the copying between the stages. */
  steps(watchdog: Watchdog): Promise<unknown>[];
}

export async function runStages(run: StageRun): Promise<void> {
  const errors: unknown[] = [];
  const endAll = () => Promise.all(run.stages.map((stage) => stage.stop()));
  function fail(error: unknown): void {
    errors.push(error);
    void endAll();
  }
  const stalled = () => fail(new StageError(namesOf(run.stages), 'moved no byte for too long', '', false));
  const onStop = () => fail(interrupted(namesOf(run.stages)));
  const watchdog = createWatchdog(run.stallMs, stalled);

  run.stop.addEventListener('abort', onStop, { once: true });
  try {
    if (run.stop.aborted) onStop();
    const finished = run.stages.map((stage) => stage.finished);
    await Promise.all([...run.steps(watchdog), ...finished].map((step) => step.catch(fail)));
  } finally {
    watchdog.end();
    run.stop.removeEventListener('abort', onStop);
    await endAll();
  }
  if (errors.length > 0) throw toBlame(errors);
}

function namesOf(stages: Stage[]): string {
  return stages.map((stage) => stage.name).join(' | ');
}

/** The first error with a meaning; a broken pipe or a child that we ended is only a consequence. */
function toBlame(errors: unknown[]): unknown {
  const causes = errors.filter((error) => !(error instanceof StageError && error.stopped));
  const meant = causes.find((error) => error instanceof HavenError && !(error instanceof ClosedEarly));
  return meant ?? causes.find((error) => error instanceof ClosedEarly) ?? causes[0] ?? errors[0];
}

/** A stage that stopped reading before its input ended. If it also exited non-zero, that says more. */
export class ClosedEarly extends HavenError {
  constructor(stage: Stage) {
    const said = stage.said();
    const message = `${stage.name} stopped reading before its input ended${said === '' ? '' : `: ${said}`}`;
    super('failed', message, { operation: stage.name });
  }
}
