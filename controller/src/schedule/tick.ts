// One look at what is due, for those who have a scheduler of their own: starts it, waits for it, and is done.
import type { App } from '../app.ts';
import { type ErrorReport, reportOf } from '../errors.ts';
import type { RunSummary } from '../runs/recorded.ts';
import { underWay } from './silent.ts';
import { adoptLeftovers, startDue, tidy } from './start-due.ts';

export interface Ticked {
  runs: RunSummary[];
  /** What did not get as far as a run: busy with one that an earlier call started, or Docker away. */
  refused: ErrorReport[];
}

export async function tick(app: App): Promise<Ticked> {
  await adoptLeftovers(app);
  await tidy(app);
  const ticked: Ticked = { runs: [], refused: [] };
  // What has no end in the history after that is a run of another process: an earlier call's, or one by hand.
  const started = startDue(app, underWay(app));
  const all = await Promise.allSettled(started.map(({ ended }) => ended));
  for (const one of all) {
    if (one.status === 'fulfilled') ticked.runs.push(...one.value);
    else ticked.refused.push(reportOf(one.reason, 'tick'));
  }
  return ticked;
}
