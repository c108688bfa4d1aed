// The snapshots that backups are made of. Each is held for every strategy that is to back it up, from the first moment on (`haven:a:RUN`): one strategy's
// tidying must not destroy what the other has not begun with. A strategy that reads streams takes holds of its own, so ours is released when its
// run ends. One that reads trees cannot: ours stays until a newer backup is committed, and meanwhile says what a killed run must go on with.
import type { App } from '../app.ts';
import type { Found } from '../config/expand.ts';
import type { Result } from '../contract/events.ts';
import type { Source } from '../contract/request.ts';
import { HavenError, reportOf } from '../errors.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { planCleanup } from '../zfs/plan-cleanup.ts';
import {
  destroySnapshot,
  findHolds,
  holdSnapshot,
  listSnapshots,
  releaseSnapshot,
  takeSnapshots,
} from '../zfs/snapshots.ts';
import { compact } from './run-id.ts';
import { sourcesToBackUp } from './sources.ts';

export interface Taken {
  sources: Source[];
  /** Datasets that could not be taken because their key is not loaded. */
  locked: Found[];
  /** The run that took the snapshots: their mark, and the end of the tags that hold them. */
  mark: string;
}

/** Gives a strategy its snapshots, and throws why there are none. */
export type SnapshotsFor = (strategy: Strategy, run: string) => Promise<Taken>;

export function holdPrefix({ name }: Strategy): string {
  return `haven:${name}:`;
}

/** One snapshot of each dataset for all these strategies, taken when the first of them asks. */
export function sharedSnapshots(app: App, strategies: Strategy[]): SnapshotsFor {
  let taking: Promise<Map<string, Taken | HavenError>> | undefined;
  return async (strategy, run) => {
    taking ??= takeFor(app, strategies, run);
    const taken = (await taking).get(strategy.name);
    if (taken instanceof HavenError) throw taken;
    if (taken === undefined) throw new Error(`strategy ${strategy.name} does not share this snapshot`);
    return taken;
  };
}

async function takeFor(
  app: App,
  strategies: Strategy[],
  mark: string,
): Promise<Map<string, Taken | HavenError>> {
  const wanted = new Map<string, { open: Found[]; locked: Found[] } | HavenError>();
  for (const strategy of strategies)
    wanted.set(strategy.name, await sourcesToBackUp(app, strategy).catch(asHavenError));
  const all = [...wanted.values()].flatMap((one) => (one instanceof HavenError ? [] : one.open));
  const datasets = [...new Set(all.map(({ dataset }) => dataset))];
  const name = `haven-${compact(app.now())}`;
  await takeSnapshots(app.zfs, datasets, name, mark);
  const taken = new Map<string, Taken | HavenError>();
  for (const strategy of strategies) {
    const want = wanted.get(strategy.name)!;
    taken.set(
      strategy.name,
      want instanceof HavenError
        ? want
        : await holdAll(app, strategy, want, { name, mark }).catch(asHavenError),
    );
  }
  return taken;
}

async function holdAll(
  app: App,
  strategy: Strategy,
  { open, locked }: { open: Found[]; locked: Found[] },
  { name, mark }: { name: string; mark: string },
): Promise<Taken> {
  const sources: Source[] = [];
  for (const { id, dataset } of open) {
    const made = (await listSnapshots(app.zfs, dataset)).find((snapshot) => snapshot.name === name);
    if (made === undefined || made.markedBy !== mark) {
      const message = `the snapshot of ${id} that was just taken is not there`;
      throw new HavenError({ code: 'source-unreadable', operation: 'take a snapshot', subject: id, message });
    }
    await holdSnapshot(app.zfs, holdPrefix(strategy) + mark, dataset, name);
    sources.push({ id, dataset, snapshot: name, guid: made.guid });
  }
  return { sources, locked, mark };
}

function asHavenError(thrown: unknown): HavenError {
  if (thrown instanceof HavenError) return thrown;
  return new HavenError(reportOf(thrown, 'take a snapshot'), { cause: thrown });
}

export interface Settling {
  strategy: Strategy;
  sources: Source[];
  mark: string;
  result: Result | undefined;
  /** Whether the image may have begun with these snapshots, and could go on with them. */
  begun: boolean;
}

/** Of a source: the same snapshot would fail like this again. */
const sayThatItIsNoUse = new Set(['source-unreadable', 'bad-request']);

/**
 * After a run: releases what is no longer needed, and destroys snapshots of ours that are of no use. A failure here is told, and does not unmake
 * a committed backup.
 */
export async function settle(app: App, settling: Settling): Promise<void> {
  for (const source of settling.sources) {
    const log = app.log.child({ runId: settling.mark, dataset: source.id });
    try {
      const doomed = await settleOne(app, settling, source);
      if (doomed.length > 0)
        log.info({ count: doomed.length }, 'destroying snapshots of Haven that are no longer needed');
      for (const name of doomed) await destroySnapshot(app.zfs, source.dataset, name);
    } catch (error) {
      log.warn({ err: error }, 'a snapshot of Haven that is no longer needed could not be destroyed');
    }
  }
}

async function settleOne(
  app: App,
  { strategy, mark, result, ...settling }: Settling,
  { id, dataset, snapshot }: Source,
): Promise<string[]> {
  const error = result?.sources?.find((source) => source.id === id)?.error?.code;
  const begun = settling.begun && !(error !== undefined && sayThatItIsNoUse.has(error));
  const committed = result?.backups?.findLast((backup) => backup.source === id)?.guid;
  const snapshots = await listSnapshots(app.zfs, dataset);
  const newest = snapshots.find(({ guid }) => guid === committed);
  const older = snapshots.filter((one) => newest !== undefined && one.createdTxg < newest.createdTxg);
  const prefix = holdPrefix(strategy);
  for (const { name, tag } of await findHolds(app.zfs, dataset, snapshots, prefix)) {
    const ofThisRun = name === snapshot && tag === prefix + mark;
    const past =
      strategy.reads === 'streams'
        ? ofThisRun
        : older.some((one) => one.name === name) || (ofThisRun && newest === undefined && !begun);
    if (past) await releaseSnapshot(app.zfs, tag, dataset, name);
  }
  const now = await listSnapshots(app.zfs, dataset);
  if (committed !== undefined) return planCleanup(now, committed).destroy;
  return now
    .filter((one) => one.name === snapshot && one.markedBy === mark && one.holds === 0)
    .map(({ name }) => name);
}
