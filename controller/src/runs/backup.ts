// One backup by strategy B: version handshake, snapshot, image, record, tidy. A snapshot of a backup that failed is destroyed
// again unless the strategy holds it; after a committed one, older snapshots of ours that nobody holds go.
import type { App } from '../app.ts';
import type { Dataset } from '../config/schema.ts';
import type { Result } from '../contract/events.ts';
import type { Source } from '../contract/request.ts';
import { runImage } from '../docker/run-image.ts';
import { type ErrorReport, exitCodes, HavenError } from '../errors.ts';
import type { Trigger } from '../history/history.ts';
import { takeLock } from '../history/lock.ts';
import { planCleanup } from '../zfs/plan-cleanup.ts';
import { destroySnapshot, listSnapshots, takeSnapshots } from '../zfs/snapshots.ts';
import { runAudit } from './audit.ts';
import { handshake } from './handshake.ts';
import { backupName, strategyB } from './images.ts';
import { adoptBackup } from './leftovers.ts';
import { type Ending, type RunSummary, recorded } from './recorded.ts';
import { makeRunFolder, requestMount } from './run-folder.ts';
import { compact } from './run-id.ts';
import { sourcesToBackUp, withLocked } from './sources.ts';

export interface BackupOptions {
  kind: 'auto' | 'full';
  trigger: Trigger;
}

export interface BackupSummary extends RunSummary {
  /** The audit that follows every backup; null when nothing was committed. */
  audit: RunSummary | null;
}

export async function runBackup(app: App, options: BackupOptions): Promise<BackupSummary> {
  const lock = takeLock(app.home.locks, 'backup');
  try {
    await adoptBackup(app, backupName(app));
    const summary = await recorded(app, { kind: 'backup', trigger: options.trigger }, (run) =>
      backUp(app, run, options),
    );
    const committed = (summary.result as Result | null)?.backups?.length ?? 0;
    const audit = committed > 0 && !app.signal.aborted ? await runAudit(app, 'after-backup') : null;
    return { ...summary, audit };
  } finally {
    lock.release();
  }
}

async function backUp(app: App, run: string, options: BackupOptions): Promise<Ending> {
  const verbs = ['backup', 'list', 'audit'];
  await handshake(app, strategyB(app, { verb: 'version', run, mounts: [] }), verbs);
  const { open: datasets, locked } = await sourcesToBackUp(app);
  const name = `haven-${compact(app.now())}`;
  // Built before the snapshot: it throws when a secret is missing.
  const spec = strategyB(app, { verb: 'backup', run, mounts: [] });
  const sources: Source[] = [];
  try {
    await snapshotAll(app, datasets, name, run, sources);
    const folder = makeRunFolder(app.home, run);
    const { settings, maxHours } = app.config.strategies.b;
    const request = { contract: '1.0', verb: 'backup', run, kind: options.kind, sources, settings } as const;
    spec.mounts.push(requestMount(folder, request));
    const ended = await runImage(app.engine, spec, {
      signal: app.signal,
      maxSeconds: maxHours * 3600,
      folder,
      onEvent: (event) => app.onEvent('backup', event),
    });
    const lie = ended.result === undefined ? undefined : disagreement(ended.result, sources, ended.outcome);
    const ending: Ending =
      lie === undefined
        ? {
            outcome: ended.outcome,
            exit: ended.exitCode,
            error: ended.error ?? null,
            result: ended.result ?? null,
          }
        : { outcome: 'failed', exit: exitCodes.failed, error: lie, result: ended.result ?? null };
    await tidy(app, run, datasets, lie === undefined ? ended.result : undefined);
    return withLocked(ending, locked);
  } catch (error) {
    await tidy(app, run, datasets, undefined);
    throw error;
  }
}

async function snapshotAll(
  app: App,
  datasets: Dataset[],
  name: string,
  run: string,
  sources: Source[],
): Promise<void> {
  await takeSnapshots(
    app.zfs,
    datasets.map((entry) => entry.dataset),
    name,
    run,
  );
  for (const { id, dataset } of datasets) {
    const made = (await listSnapshots(app.zfs, dataset)).find((snapshot) => snapshot.name === name);
    if (made === undefined || made.markedBy !== run) {
      const message = `the snapshot of ${id} that was just taken is not there`;
      throw new HavenError({ code: 'source-unreadable', operation: 'take a snapshot', subject: id, message });
    }
    sources.push({ id, dataset, snapshot: name, guid: made.guid });
  }
}

/** Given what the strategy says it did, return where that is not what was asked for, or undefined. */
export function disagreement(result: Result, asked: Source[], outcome: string): ErrorReport | undefined {
  const say = (message: string): ErrorReport => ({ code: 'failed', operation: 'check the backup', message });
  const backups = result.backups ?? [];
  const told = new Map((result.sources ?? []).map((source) => [source.id, source]));
  for (const backup of backups) {
    if (!asked.some(({ id }) => id === backup.source))
      return say(`a backup of '${backup.source}' came back, which nobody asked for`);
  }
  for (const { id, guid } of asked) {
    const source = told.get(id);
    // There may be another one beside it: that which an earlier run left in flight is finished first.
    const backup = backups.find((candidate) => candidate.source === id && candidate.guid === guid);
    if (outcome === 'ok' && source?.outcome !== 'ok')
      return say(`nothing was said about ${id}, or no success`);
    if (source?.outcome === 'ok' && backup === undefined)
      return say(`${id} is said to be backed up, but there is no backup of the snapshot asked for`);
    if (source?.outcome === 'ok' && source.backup !== undefined && source.backup !== backup?.id) {
      return say(`two different backups are named for ${id}`);
    }
  }
  return undefined;
}

/** Removes snapshots of ours that are of no use. A failure here is told, and does not unmake a committed backup. */
async function tidy(app: App, run: string, datasets: Dataset[], result: Result | undefined): Promise<void> {
  for (const { id, dataset } of datasets) {
    const log = app.log.child({ runId: run, dataset: id });
    try {
      const snapshots = await listSnapshots(app.zfs, dataset);
      const committed = result?.backups?.findLast((backup) => backup.source === id);
      const doomed =
        committed === undefined
          ? snapshots
              .filter((snapshot) => snapshot.markedBy === run && snapshot.holds === 0)
              .map(({ name }) => name)
          : planCleanup(snapshots, committed.guid).destroy;
      if (doomed.length > 0)
        log.info({ count: doomed.length }, 'destroying snapshots of Haven that are no longer needed');
      for (const name of doomed) await destroySnapshot(app.zfs, dataset, name);
    } catch (error) {
      log.warn({ err: error }, 'a snapshot of Haven that is no longer needed could not be destroyed');
    }
  }
}
