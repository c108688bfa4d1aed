// A drill of one strategy, or of several together: for each dataset the newest committed backup is fetched with the recovery kit alone, restored into a
// throwaway pool, compared with the source snapshot and judged. Where two strategies hold the same snapshot, what they restored is compared with each other
// as well. The pools are reaped in every case, and again at the next start.
import type { App } from '../app.ts';
import type { Version } from '../contract/events.ts';
import type { Against } from '../drill/evidence.ts';
import { judge, type Verdict } from '../drill/verdict.ts';
import { type ErrorReport, exitCodes, HavenError, reportOf } from '../errors.ts';
import type { Trigger } from '../history/history.ts';
import { takeLock } from '../history/lock.ts';
import { ensureKit } from '../kit/write-kit.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { type Chosen, choose } from './drill-choose.ts';
import { fall, type Standing, stand } from './drill-one.ts';
import { type Preflight, preflight } from './drill-preflight.ts';
import { findRot } from './drill-rot.ts';
import type { Rotation } from './drill-rotation.ts';
import { drillVerbsFor, failedBefore, reap, releaseStaleHolds } from './drill-steps.ts';
import { keepTurns, turnsOf } from './drill-turns.ts';
import { endingOf, sumUp, writeVerdict } from './drill-verdict.ts';
import { compareTrees } from './drill-verify.ts';
import { handshake } from './handshake.ts';
import { drillSpec } from './images.ts';
import { removeDrillContainers } from './leftovers.ts';
import { listBackups } from './look.ts';
import { type Ending, type RunSummary, recordedTogether } from './recorded.ts';
import { makeRunFolder } from './run-folder.ts';
import { sourcesOf } from './sources.ts';

export interface DrillOptions {
  backup?: string;
  /** Restore every dataset, whoever's turn it is. */
  all?: boolean;
  /** Of each dataset the newest backup that is no younger. */
  asOf?: Date;
  trigger: Trigger;
}

export async function runDrill(
  app: App,
  strategies: Strategy[],
  options: DrillOptions,
): Promise<RunSummary[]> {
  const lock = takeLock(app.home.locks, 'drill');
  try {
    await removeDrillContainers(app);
    const abouts = strategies.map((strategy) => {
      return { kind: 'drill', strategy, trigger: options.trigger } as const;
    });
    return await recordedTogether(app, abouts, (runs, cancellable) =>
      drillAll(cancellable, strategies, runs, options),
    );
  } finally {
    lock.release();
  }
}

/** The drill of one strategy, as far as it has come. */
interface Side {
  strategy: Strategy;
  run: string;
  folder: string;
  chosen: Chosen[];
  verdicts: Verdict[];
  rot: string[];
  rotation: Rotation | null;
  preflight: Preflight | null;
  exit: number;
  /** Why it could not even begin. */
  failure: ErrorReport | null;
}

async function drillAll(
  app: App,
  strategies: Strategy[],
  runs: string[],
  options: DrillOptions,
): Promise<Ending[]> {
  const startedAt = app.now();
  const run = runs[0]!;
  const spec = drillSpec(app, { verb: 'version', run, mounts: [] });
  const version = await handshake(app, spec, drillVerbsFor(strategies));
  await reap(app, { run, folder: makeRunFolder(app.home, run), pools: 'all' });
  const sides: Side[] = [];
  for (const [at, strategy] of strategies.entries())
    sides.push(await openSide(app, strategy, runs[at]!, options));
  keepTurns(sides);
  for (const side of sides) {
    side.preflight = preflight(app, side.chosen);
    app.log.info(
      { runId: side.run, ...side.preflight, ...side.rotation },
      'what is restored, and what that takes',
    );
  }
  for (const group of grouped(sides)) {
    await drillGroup(app, group, version, sides);
    if (app.signal.aborted) break;
  }
  const endings: Ending[] = [];
  for (const side of sides) endings.push(await endSide(app, side, startedAt));
  if (app.signal.aborted) {
    throw new HavenError({ code: 'interrupted', operation: 'drill', message: 'stopped by request' });
  }
  return endings;
}

/** A store that cannot be asked is the failure of its own strategy's drill, not of the other's. */
async function openSide(app: App, strategy: Strategy, run: string, options: DrillOptions): Promise<Side> {
  const folder = makeRunFolder(app.home, run);
  const side: Side = {
    ...{ strategy, run, folder, chosen: [], verdicts: [], rot: [] },
    ...{ rotation: null, preflight: null, exit: 0, failure: null },
  };
  try {
    await ensureKit(app, strategy);
    const { found: datasets } = await sourcesOf(app, strategy);
    for (const { dataset } of datasets) await releaseStaleHolds(app, dataset);
    const listing = await listBackups(app, strategy);
    const { backup, asOf, all = false } = options;
    side.chosen = choose(strategy, datasets, listing, { backup, asOf });
    // Who names a backup or a day may well want an old one, and that one.
    if (backup !== undefined || asOf !== undefined) return side;
    side.rot = findRot(app, strategy.name, listing.backups, datasets);
    if (!all) side.rotation = turnsOf(app, strategy.name, side.chosen);
  } catch (thrown) {
    side.failure = reportOf(thrown, 'drill');
  }
  return side;
}

type Member = { side: Side; chosen: Chosen };

/** What two strategies hold of the same snapshot belongs together; everything else stands alone. */
function grouped(sides: Side[]): Member[][] {
  const groups = new Map<string, Member[]>();
  for (const side of sides) {
    for (const chosen of side.chosen) {
      const { dataset, chain } = chosen;
      const alone = `${side.strategy.name} ${dataset.id}`;
      const key = chain.ok ? `${dataset.dataset}@${chain.value.at(-1)!.guid}` : alone;
      groups.set(key, [...(groups.get(key) ?? []), { side, chosen }]);
    }
  }
  return [...groups.values()];
}

async function drillGroup(app: App, group: Member[], version: Version, sides: Side[]): Promise<void> {
  const standing: { side: Side; standing: Standing }[] = [];
  for (const { side, chosen } of group) {
    const { strategy, run, folder } = side;
    const { dataset, chain } = chosen;
    if (!chain.ok) {
      side.verdicts.push(judge(failedBefore(strategy, dataset.id, app.now(), chain.reason)));
      side.exit ||= exitCodes.damaged;
      continue;
    }
    const backup = chain.value.at(-1)!;
    const given = { run, folder, strategy, dataset, version, backup, chain: chain.value };
    standing.push({ side, standing: await stand(app, given) });
  }
  const [a, b] = standing;
  const compared = a && b ? await compareTrees(app, a.standing, b.standing) : undefined;
  for (const { side, standing: one } of standing) {
    const other = sides.find((candidate) => candidate !== side)?.strategy.name;
    const alone = 'it holds no backup of the same snapshot';
    const against: Against | null =
      other === undefined
        ? null
        : compared === undefined
          ? { strategy: other, comparable: false, reason: alone }
          : { strategy: other, comparable: true, compared };
    side.verdicts.push(judge(await fall(app, one, against)));
    side.exit ||= one.exit;
  }
}

async function endSide(app: App, side: Side, startedAt: Date): Promise<Ending> {
  const { failure, run, strategy, verdicts, rot, rotation, preflight } = side;
  if (failure !== null)
    return { outcome: 'failed', exit: exitCodes[failure.code], error: failure, result: null };
  const verdict = sumUp({
    ...{ run, level: 'restore', strategy, startedAt, endedAt: app.now(), sources: verdicts },
    ...{ rot, rotation, preflight },
  });
  await writeVerdict(app, verdict, side.folder);
  return endingOf(verdict, side.exit);
}
