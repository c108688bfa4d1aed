// Which of the datasets that could be drilled are drilled this time, by the configuration, the history and the schedule (runs/drill-rotation.ts decides).
import { Cron } from 'croner';
import type { App } from '../app.ts';
import { longestGap } from '../config/calendar.ts';
import type { StrategyName } from '../contract/request.ts';
import type { Chosen } from './drill-choose.ts';
import { type Rotation, takeTurns } from './drill-rotation.ts';
import { provenSources } from './proven.ts';

const dayMs = 86_400_000;
/** More drills than these within the period make nothing fairer. */
const mostTimes = 400;

/** Given all that a strategy could drill, return whose turn it is; null where everything is drilled each time. */
export function turnsOf(app: App, strategy: StrategyName, chosen: Chosen[]): Rotation | null {
  const { everyDatasetWithinDays: withinDays, schedule } = app.config.drill;
  const job = schedule[strategy];
  if (withinDays === undefined || job === undefined) return null;
  const now = app.now();
  const proven = provenSources(app.history, { name: strategy });
  const waiting = chosen.flatMap(({ dataset: { id }, chain }) => {
    if (!chain.ok) return [];
    const bytes = chain.value.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    return [{ id, bytes, provenAt: proven.get(id) ?? null, since: expectedSince(app, strategy, id) }];
  });
  const { timezone } = app.config;
  const rhythm = {
    withinDays,
    coming: new Cron(job.cron, { timezone, paused: true }).nextRuns(mostTimes, now),
    gapMs: (longestGap({ cron: job.cron, timezone }, now) ?? 0) + job.jitterMinutes * 60_000,
  };
  const { now: turns, later } = takeTurns(waiting, rhythm, now);
  // Costs nothing, and is red until it is mended.
  const broken = chosen.flatMap(({ dataset: { id }, chain }) =>
    chain.ok ? [] : [{ source: id, why: 'it has no backup that could be restored' }],
  );
  return { now: [...broken, ...turns], later };
}

/** When a dataset was first waited for, so that one that was never drilled comes up at all. */
function expectedSince(app: App, strategy: StrategyName, id: string): Date {
  return app.history.firstSeen(`proof-${strategy} ${id}`, app.now());
}

/** Given ids of datasets that are backed up, return those that no green drill has restored in full within the promised days. */
export function unproven(app: App, strategy: StrategyName, ids: string[]): string[] {
  const { everyDatasetWithinDays: withinDays, schedule } = app.config.drill;
  if (withinDays === undefined || schedule[strategy] === undefined) return [];
  const oldest = new Date(app.now().getTime() - withinDays * dayMs);
  const proven = provenSources(app.history, { name: strategy }, oldest);
  return ids.filter((id) => !proven.has(id) && expectedSince(app, strategy, id) < oldest);
}

interface Side {
  strategy: { name: StrategyName };
  chosen: Chosen[];
  rotation: Rotation | null;
}

/**
 * Given what each strategy would drill, take from it what is not drilled this time. What one of them restores of a snapshot that the other has as well,
 * the other restores too: only so are both compared with each other.
 */
export function keepTurns(sides: Side[]): void {
  const taken = new Set(
    sides.flatMap(({ chosen, rotation }) =>
      chosen
        .filter(({ dataset: { id } }) => rotation?.now.some(({ source }) => source === id) ?? true)
        .flatMap(({ dataset: { id }, chain }) => (chain.ok ? [`${id} ${chain.value.at(-1)!.guid}`] : [])),
    ),
  );
  for (const side of sides) {
    const { rotation } = side;
    if (rotation === null) continue;
    for (const { dataset, chain } of side.chosen) {
      const later = rotation.later.findIndex(({ source }) => source === dataset.id);
      if (later === -1 || !chain.ok || !taken.has(`${dataset.id} ${chain.value.at(-1)!.guid}`)) continue;
      rotation.later.splice(later, 1);
      rotation.now.push({ source: dataset.id, why: 'the other strategy restores the same snapshot' });
    }
    side.chosen = side.chosen.filter(({ dataset }) =>
      rotation.now.some(({ source }) => source === dataset.id),
    );
  }
}
