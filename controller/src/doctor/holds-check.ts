// Holds of Haven that no run needs any more: what they hold is never destroyed, so the pool fills up without anybody noticing.
import type { App } from '../app.ts';
import type { Result } from '../contract/events.ts';
import { strategyNames } from '../contract/request.ts';
import { HavenError } from '../errors.ts';
import { type Lock, takeLock } from '../history/lock.ts';
import { holdPrefix } from '../runs/backup-snapshots.ts';
import { drillHold } from '../runs/drill-steps.ts';
import { configuredStrategies, strategyNamed } from '../strategies/configured.ts';
import { findHolds, listSnapshots, releaseSnapshot, type Snapshot } from '../zfs/snapshots.ts';
import { type Check, guarded, ok, warn } from './check.ts';

interface Idle {
  id: string;
  dataset: string;
  snapshot: string;
  tag: string;
  why: string;
}

const hour = 3600 * 1000;

/** Given the datasets that are backed up, find what holds their snapshots in vain; `fix` releases it, unless a run is under way. */
export function checkHolds(app: App, found: { id: string; dataset: string }[], fix: boolean): Promise<Check> {
  const name = 'holds';
  return guarded(name, '`zfs holds` shows them', async () => {
    const idle: Idle[] = [];
    for (const one of found) idle.push(...(await idleHolds(app, one)));
    if (idle.length === 0) return ok(name, 'none without a run');
    const listed = [...new Set(idle.map(({ id, why }) => `${id}: ${why}`))].join('; ');
    if (!fix) return warn(name, listed, '`haven doctor --fix` releases them; nothing else is touched');
    await withLocks(app, async () => {
      for (const { tag, dataset, snapshot } of idle) await releaseSnapshot(app.zfs, tag, dataset, snapshot);
    });
    return ok(name, `fixed: released ${listed}`);
  });
}

async function idleHolds(app: App, { id, dataset }: { id: string; dataset: string }): Promise<Idle[]> {
  const snapshots = await listSnapshots(app.zfs, dataset);
  const idle: Idle[] = [];
  for (const { name: snapshot, tag } of await findHolds(app.zfs, dataset, snapshots, 'haven:')) {
    const why = reasonIdle(app, id, snapshots, snapshot, tag);
    if (why !== undefined) idle.push({ id, dataset, snapshot, tag, why });
  }
  return idle;
}

/** Why a hold is in vain; undefined when it is needed, or when nobody can tell. */
function reasonIdle(
  app: App,
  id: string,
  snapshots: Snapshot[],
  snapshot: string,
  tag: string,
): string | undefined {
  if (tag.startsWith(drillHold)) {
    const run = tag.slice(drillHold.length);
    // A restore holds what it compares with by the same tag.
    const drilling = strategyNames.some((name) =>
      (['drill', 'restore', 'sabotage'] as const).some((kind) =>
        app.history.unfinished(name, kind).some((record) => record.id === run),
      ),
    );
    return drilling ? undefined : 'held by a drill that has ended';
  }
  const strategy = strategyNames.map(strategyNamed).find((one) => tag.startsWith(holdPrefix(one)));
  if (strategy === undefined) return undefined;
  const { name } = strategy;
  if (!configuredStrategies(app.config).includes(strategy))
    return `held for strategy ${name}, which is not configured`;
  // A snapshot is shared, and bears the run of whoever came first: as long as anybody is at work it may be somebody's.
  if (strategyNames.some((one) => app.history.unfinished(one, 'backup').length > 0)) return undefined;
  const runs = app.history.runs({ kind: 'backup', limit: 1000 });
  if (strategy.reads === 'streams') {
    const ended = runs.find((run) => tag === holdPrefix(strategy) + run.id)?.ended;
    const long = ended != null && app.now().getTime() - Date.parse(ended) > hour;
    return long ? `held for a run of strategy ${name} that has ended` : undefined;
  }
  const committed = runs
    .filter((run) => run.strategy === name)
    .flatMap(({ result }) => (result as Result | null)?.backups ?? [])
    .find(({ source }) => source === id)?.guid;
  const newest = snapshots.find(({ guid }) => guid === committed);
  const held = snapshots.find((one) => one.name === snapshot);
  const past = newest !== undefined && held !== undefined && held.createdTxg < newest.createdTxg;
  return past ? `held for strategy ${name}, which has a newer backup` : undefined;
}

/** With the locks of all who take holds, so that nobody's is taken away. */
async function withLocks(app: App, act: () => Promise<void>): Promise<void> {
  const locks: Lock[] = [];
  try {
    for (const name of ['drill', ...strategyNames.map((one) => `backup-${one}`)])
      locks.push(takeLock(app.home.locks, name));
    await act();
  } catch (thrown) {
    if (!(thrown instanceof HavenError) || thrown.report.code !== 'busy') throw thrown;
    const hint = 'wait for it to end (`haven status`), then `haven doctor --fix`';
    throw new HavenError({ ...thrown.report, hint }, { cause: thrown });
  } finally {
    for (const lock of locks) lock.release();
  }
}
