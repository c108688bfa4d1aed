import type { App } from '../app.ts';
import type { Kind, Trigger } from '../history/history.ts';
import { takeLock } from '../history/lock.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { removeDrillContainers } from './leftovers.ts';
import { type Ending, type RunSummary, recorded } from './recorded.ts';

/** Runs of one kind, a strategy after the other, that use what drills use: the drill's lock is held, and what a killed one left is gone. Throws busy. */
export async function eachAlone(
  app: App,
  strategies: Strategy[],
  about: { kind: Kind; trigger: Trigger },
  act: (app: App, strategy: Strategy, run: string) => Promise<Ending>,
): Promise<RunSummary[]> {
  const lock = takeLock(app.home.locks, 'drill');
  try {
    await removeDrillContainers(app);
    const summaries: RunSummary[] = [];
    for (const strategy of strategies)
      summaries.push(await recorded(app, { ...about, strategy }, (run, own) => act(own, strategy, run)));
    return summaries;
  } finally {
    lock.release();
  }
}
