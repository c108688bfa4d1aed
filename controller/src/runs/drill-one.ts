// The drill of one dataset's backup and all that it builds upon: hold the source, fetch beside receive, verify, reap, remove volumes.
// Ends in evidence, whatever happens.
import type { App } from '../app.ts';
import type { Dataset } from '../config/schema.ts';
import type { Backup, Comparison, Fetched, Received, Version } from '../contract/events.ts';
import type { Evidence, Step } from '../drill/evidence.ts';
import { exitCodes, reportOf } from '../errors.ts';
import { holdSnapshot, listSnapshots, releaseSnapshot } from '../zfs/snapshots.ts';
import { because, blame, restore, streamBytes } from './drill-restore.ts';
import {
  demandSpace,
  drillHold,
  finding,
  reap,
  removeWorkFolder,
  type SnapshotMount,
  scratchOf,
} from './drill-steps.ts';
import { verify } from './drill-verify.ts';

export interface Given {
  run: string;
  folder: string;
  dataset: Dataset;
  backup: Backup;
  /** The backup's chain, from its full on; it is the last itself. */
  chain: Backup[];
  version: Version;
  snapshotMount: SnapshotMount | undefined;
}

export interface Drilling extends Given {
  pool: string;
  pipe: string;
  sourceVolume: string;
  restoredVolume: string;
}

const notReached = { ok: false, reason: 'skipped: an earlier step failed' } as const;

/** Exit statuses that say more than "red": the drill could not be done, which is not the same as damage. */
const tellingExits = new Set([3, 11, 22, 23, 143]);

export async function drillOne(app: App, given: Given): Promise<{ evidence: Evidence; exit: number }> {
  const started = app.now();
  const tag = app.randomHex(8);
  const drilling: Drilling = {
    ...given,
    pool: `haven-drill-${tag}`,
    pipe: `${app.config.name}-drill-pipe-${tag}`,
    sourceVolume: `${app.config.name}-drill-source-${tag}`,
    restoredVolume: `${app.config.name}-drill-restored-${tag}`,
  };
  let fetched: Step<Fetched> = notReached;
  let received: Step<Received> = notReached;
  let compared: Step<Comparison> = notReached;
  let exit = 0;
  const source = await holdSource(app, drilling);
  try {
    demandSpace(scratchOf(app), streamBytes(given.chain));
    const restored = await restore(app, drilling);
    const culprit = blame(restored.fetch, restored.receive);
    fetched = because(culprit, restored.fetch, finding(restored.fetch, 'fetched'));
    received = because(culprit, restored.receive, finding(restored.receive, 'received'));
    exit = culprit !== undefined && tellingExits.has(culprit.exitCode) ? culprit.exitCode : 0;
    if (fetched.ok && received.ok && source.ok) compared = await verify(app, drilling, source.value);
    else if (fetched.ok && received.ok)
      compared = { ok: false, reason: source.ok ? 'skipped' : source.reason };
  } catch (thrown) {
    const report = reportOf(thrown, 'drill');
    exit = exitCodes[report.code];
    const failed = { ok: false, reason: report.message } as const;
    if (!fetched.ok && fetched === notReached) fetched = failed;
    else if (!compared.ok && compared === notReached) compared = failed;
  }
  const reaped = await tried(() =>
    reap(app, { run: given.run, folder: given.folder, pools: [drilling.pool] }),
  );
  await tried(() => removeWorkFolder(given.folder));
  const volumesLeft = await tried(() => removeVolumes(app, drilling));
  if (source.ok)
    await tried(() =>
      releaseSnapshot(app.zfs, drillHold + given.run, given.dataset.dataset, source.value.name),
    );
  const ended = app.now();
  const evidence: Evidence = {
    source: given.dataset.id,
    startedAt: started.toISOString(),
    endedAt: ended.toISOString(),
    seconds: (ended.getTime() - started.getTime()) / 1000,
    backup: { ok: true, value: given.backup },
    chain: { ok: true, value: given.chain },
    sourceGuid: source.ok ? { ok: true, value: source.value.guid } : source,
    pool: drilling.pool,
    fetched,
    received,
    compared,
    reaped,
    volumesLeft,
    tools: { drill: given.version.image, ...given.version.tools, node: process.version },
  };
  return { evidence, exit };
}

/** Finds the snapshot that was backed up by its GUID, and holds it so that nothing destroys it while it is compared with. */
async function holdSource(
  app: App,
  { dataset, backup, run }: Drilling,
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

async function removeVolumes(app: App, { pipe, sourceVolume, restoredVolume }: Drilling): Promise<string[]> {
  const left: string[] = [];
  for (const name of [pipe, sourceVolume, restoredVolume]) {
    // Asked for afterwards, because a volume in use is refused and a removal that did nothing says nothing.
    await tried(() => app.engine.removeVolume(name));
    if (await app.engine.volumeExists(name)) left.push(name);
  }
  return left;
}

async function tried<T>(act: () => Promise<T>): Promise<Step<T>> {
  try {
    return { ok: true, value: await act() };
  } catch (thrown) {
    return { ok: false, reason: reportOf(thrown, 'clean up').message };
  }
}
