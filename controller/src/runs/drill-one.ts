// The drill of one dataset's backup and all that it builds upon: hold the source, restore, verify; and then reap, remove volumes, release.
// In two halves, so that what two strategies restored can be compared while both stand. Ends in evidence, whatever happens.
import type { App } from '../app.ts';
import type { Dataset } from '../config/schema.ts';
import type { Backup, Comparison, Version } from '../contract/events.ts';
import {
  type Against,
  type Evidence,
  type RestoreSteps,
  restored,
  type Step,
  stepsNotDone,
} from '../drill/evidence.ts';
import { exitCodes, reportOf } from '../errors.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { holdSnapshot, listSnapshots, releaseSnapshot } from '../zfs/snapshots.ts';
import { demandSpace, drillHold, reap, removeWorkFolder, scratchOf, streamBytes } from './drill-steps.ts';
import { restoreStreams } from './drill-streams.ts';
import { restoreTree } from './drill-tree.ts';
import { verify } from './drill-verify.ts';

export interface Given {
  run: string;
  folder: string;
  strategy: Strategy;
  dataset: Dataset;
  backup: Backup;
  /** The backup's chain, from its full on; it is the last itself. */
  chain: Backup[];
  version: Version;
}

/** What is restored into a throwaway pool, and what that takes. */
export interface InPool extends Omit<Given, 'dataset' | 'version'> {
  pool: string;
  pipe: string;
  /** What a tree is restored into. */
  intoVolume: string;
}

export interface Drilling extends Given, InPool {
  sourceVolume: string;
  restoredVolume: string;
}

export interface RestoreOutcome {
  steps: RestoreSteps;
  /** Exit status of the step that is to blame; 0 when all went well. */
  exit: number;
}

export const restoreBy = { streams: restoreStreams, trees: restoreTree } as const;

const skipped = 'skipped: an earlier step failed';

/** Exit statuses that say more than "red": the drill could not be done, which is not the same as damage. */
export const tellingExits = new Set([3, 11, 22, 23, 143]);

/** A restored backup, still there: nothing is tidied away yet. */
export interface Standing {
  drilling: Drilling;
  startedAt: Date;
  /** Of restoring and comparing. */
  seconds: number;
  source: Step<{ name: string; guid: string }>;
  steps: RestoreSteps;
  compared: Step<Comparison>;
  exit: number;
}

/** Restores a backup and compares it with its source. Whatever comes of it must be handed to `fall`. */
export async function stand(app: App, given: Given): Promise<Standing> {
  const startedAt = app.now();
  const tag = app.randomHex(8);
  const drilling: Drilling = {
    ...given,
    pool: `haven-drill-${tag}`,
    pipe: `${app.config.name}-drill-pipe-${tag}`,
    sourceVolume: `${app.config.name}-drill-source-${tag}`,
    restoredVolume: `${app.config.name}-drill-restored-${tag}`,
    intoVolume: `${app.config.name}-drill-into-${tag}`,
  };
  const { strategy } = given;
  let steps = stepsNotDone(strategy.reads, skipped);
  let compared: Step<Comparison> = { ok: false, reason: skipped };
  let exit = 0;
  const source = await holdSource(app, drilling);
  try {
    demandSpace(scratchOf(app), streamBytes(given.chain));
    const outcome = await restoreBy[strategy.reads](app, drilling);
    steps = outcome.steps;
    exit = tellingExits.has(outcome.exit) ? outcome.exit : 0;
    if (restored(steps)) compared = source.ok ? await verify(app, drilling, source.value) : source;
  } catch (thrown) {
    const report = reportOf(thrown, 'drill');
    exit = exitCodes[report.code];
    if (restored(steps)) compared = { ok: false, reason: report.message };
    else steps = stepsNotDone(strategy.reads, report.message);
  }
  await tried(() => removeWorkFolder(given.folder));
  const seconds = (app.now().getTime() - startedAt.getTime()) / 1000;
  return { drilling, startedAt, seconds, source, steps, compared, exit };
}

/** Destroys what a restored backup stood on, and returns all that is known of its drill. */
export async function fall(app: App, standing: Standing, against: Against | null): Promise<Evidence> {
  const { drilling, source, startedAt, seconds, steps, compared } = standing;
  const { run, folder, pool, dataset, strategy, version } = drilling;
  const reaped = await tried(() => reap(app, { run, folder, pools: [pool] }));
  const { pipe, sourceVolume, restoredVolume, intoVolume } = drilling;
  const volumesLeft = await tried(() => removeVolumes(app, [pipe, sourceVolume, restoredVolume, intoVolume]));
  if (source.ok)
    await tried(() => releaseSnapshot(app.zfs, drillHold + run, dataset.dataset, source.value.name));
  return {
    ...steps,
    source: dataset.id,
    startedAt: startedAt.toISOString(),
    endedAt: app.now().toISOString(),
    seconds,
    backup: { ok: true, value: drilling.backup },
    chain: { ok: true, value: drilling.chain },
    sourceGuid: source.ok ? { ok: true, value: source.value.guid } : source,
    pool,
    compared,
    reaped,
    volumesLeft,
    tools: { drill: version.image, ...version.tools, node: process.version },
    notKept: strategy.notKept,
    against,
  };
}

/** Finds the snapshot that was backed up by its GUID, and holds it so that nothing destroys it while it is compared with. */
export async function holdSource(
  app: App,
  { dataset, backup, run }: Pick<Drilling, 'dataset' | 'backup' | 'run'>,
): Promise<Step<{ name: string; guid: string }>> {
  try {
    const found = (await listSnapshots(app.zfs, dataset.dataset)).find(({ guid }) => guid === backup.guid);
    if (found === undefined) {
      return {
        ok: false,
        reason: `the snapshot that was backed up is no longer on this host: nothing to compare ${dataset.id} with`,
      };
    }
    await holdSnapshot(app.zfs, drillHold + run, dataset.dataset, found.name);
    return { ok: true, value: found };
  } catch (thrown) {
    return {
      ok: false,
      reason: `the source of ${dataset.id} cannot be looked at: ${reportOf(thrown, 'drill').message}`,
    };
  }
}

/** Given names of volumes that may be there, remove them and return those that could not be. */
export async function removeVolumes(app: App, names: string[]): Promise<string[]> {
  const left: string[] = [];
  for (const name of names) {
    // Asked for afterwards, because a volume in use is refused and a removal that did nothing says nothing.
    await tried(() => app.engine.removeVolume(name));
    if (await app.engine.volumeExists(name)) left.push(name);
  }
  return left;
}

export async function tried<T>(act: () => Promise<T>): Promise<Step<T>> {
  try {
    return { ok: true, value: await act() };
  } catch (thrown) {
    return { ok: false, reason: reportOf(thrown, 'clean up').message };
  }
}
