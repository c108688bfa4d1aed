// One backup by one strategy: version handshake, snapshot, image, record, settle. What an earlier run of a strategy that reads trees left unfinished is
// finished first, in a run of its own, from the very snapshot that it began with.
import type { App } from '../app.ts';
import type { Result } from '../contract/events.ts';
import type { Source } from '../contract/request.ts';
import type { Mount, RunSpec } from '../docker/container-options.ts';
import { runImage } from '../docker/run-image.ts';
import { exitCodes, reportOf } from '../errors.ts';
import type { Trigger } from '../history/history.ts';
import { takeLock } from '../history/lock.ts';
import { sectionOf } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { runAudit } from './audit.ts';
import { type SnapshotsFor, settle, sharedSnapshots, type Taken } from './backup-snapshots.ts';
import { disagreement } from './disagreement.ts';
import { handshake } from './handshake.ts';
import { strategySpec } from './images.ts';
import { adoptBackup } from './leftovers.ts';
import { owedSources } from './owed.ts';
import { type Ending, type RunSummary, recorded } from './recorded.ts';
import { makeRunFolder, requestMount } from './run-folder.ts';
import { withLocked } from './sources.ts';

export interface BackupOptions {
  kind: 'auto' | 'full';
  trigger: Trigger;
  /** Snapshots that are shared with another strategy whose run is due at the same time. */
  snapshots?: SnapshotsFor;
}

export interface BackupSummary extends RunSummary {
  /** The run that finished what an earlier one had begun; null when nothing was owed, or when that is all that was done. */
  resumed: RunSummary | null;
  /** The audit that follows every backup; null when nothing was committed. */
  audit: RunSummary | null;
}

export async function runBackup(
  app: App,
  strategy: Strategy,
  options: BackupOptions,
): Promise<BackupSummary> {
  const lock = takeLock(app.home.locks, `backup-${strategy.name}`);
  try {
    await adoptBackup(app, strategy);
    const about = { kind: 'backup', strategy, trigger: options.trigger } as const;
    const resumed = await resume(app, strategy, about);
    // While something is owed, a new snapshot would undo what was done of it: then this run was all, and the next one tries it again.
    const goOn = resumed === null || (!app.signal.aborted && (await owedSources(app, strategy)).length === 0);
    const snapshots = options.snapshots !== undefined && resumed === null ? options.snapshots : undefined;
    const summary = goOn
      ? await recorded(app, about, (run, cancellable) =>
          backUp(cancellable, strategy, run, options.kind, snapshots ?? sharedSnapshots(app, [strategy])),
        )
      : resumed;
    const all = [resumed, summary].flatMap(
      (one) => (one?.result as Result | null | undefined)?.backups ?? [],
    );
    const audit =
      all.length > 0 && !app.signal.aborted ? await runAudit(app, strategy, 'after-backup') : null;
    return { ...summary, resumed: goOn ? resumed : null, audit };
  } finally {
    lock.release();
  }
}

async function resume(
  app: App,
  strategy: Strategy,
  about: Parameters<typeof recorded>[1],
): Promise<RunSummary | null> {
  // An interrupted run looks at nothing more; its own record says what ended it.
  if (app.signal.aborted) return null;
  const sources = await owedSources(app, strategy);
  if (sources.length === 0) return null;
  app.log.info({ strategy: strategy.name, count: sources.length }, 'finishing what an earlier run began');
  return await recorded(app, about, (run, cancellable) =>
    backUp(cancellable, strategy, run, 'auto', async () => ({ sources, locked: [], mark: run })),
  );
}

async function backUp(
  app: App,
  strategy: Strategy,
  run: string,
  kind: 'auto' | 'full',
  snapshots: SnapshotsFor,
): Promise<Ending> {
  const verbs = ['backup', 'list', 'audit'];
  await handshake(app, strategySpec(app, strategy, { verb: 'version', run, mounts: [] }), verbs);
  // Built before the snapshot: it throws when a secret is missing.
  const spec = strategySpec(app, strategy, { verb: 'backup', run, mounts: [] });
  const taken = await snapshots(strategy, run);
  const { sources, mark } = taken;
  try {
    const { ending, believed } = await runOn(app, strategy, { spec, kind, taken });
    // Only a request that it refused was never begun with.
    const begun = ending.exit !== exitCodes['bad-request'];
    await settle(app, { strategy, sources, mark, begun, result: believed });
    return withLocked(ending, taken.locked);
  } catch (thrown) {
    const { code } = reportOf(thrown, 'backup');
    // Anything else may have come after the start: Docker that went away, say, while the container works on.
    const begun = code !== 'bad-request' && code !== 'busy';
    await settle(app, { strategy, sources, mark, begun, result: undefined });
    throw thrown;
  } finally {
    await removeSourceVolumes(app, spec);
  }
}

async function runOn(
  app: App,
  strategy: Strategy,
  { spec, kind, taken }: { spec: RunSpec; kind: 'auto' | 'full'; taken: Taken },
): Promise<{ ending: Ending; believed: Result | undefined }> {
  const { run } = spec;
  const { sources } = taken;
  const folder = makeRunFolder(app.home, run);
  const { settings, maxHours } = sectionOf(app.config, strategy);
  const request = { contract: '1.0', verb: 'backup', run, kind, sources, settings } as const;
  spec.mounts.push(requestMount(folder, request));
  if (strategy.reads === 'trees')
    spec.mounts.push(...sources.map((source) => sourceMount(app, spec, source)));
  const ended = await runImage(app.engine, spec, {
    signal: app.signal,
    maxSeconds: maxHours * 3600,
    folder,
    onEvent: (event) => app.onEvent('backup', event),
  });
  const { outcome, exitCode: exit, error = null, result = null } = ended;
  const lie = result === null ? undefined : disagreement(result, sources, outcome, strategy);
  if (lie === undefined) return { ending: { outcome, exit, error, result }, believed: ended.result };
  return { ending: { outcome: 'failed', exit: exitCodes.failed, error: lie, result }, believed: undefined };
}

/** A source's snapshot as a volume of this run alone: one of the same name from before would be another snapshot. */
function sourceMount(app: App, { name, run }: RunSpec, { id, dataset, snapshot }: Source): Mount {
  const volume = `${name}-source-${id}-${run.split('-').at(-1)}`;
  return app.mountZfs({ name: volume, device: `${dataset}@${snapshot}`, to: `/haven/source/${id}` });
}

/** What cannot be removed now is removed by the next run (leftovers.ts). */
async function removeSourceVolumes(app: App, { mounts, name }: RunSpec): Promise<void> {
  for (const mount of mounts) {
    if (!('name' in mount) || !mount.name.startsWith(`${name}-source-`)) continue;
    try {
      await app.engine.removeVolume(mount.name);
    } catch (error) {
      app.log.warn({ err: error }, 'the volume of a source could not be removed yet');
    }
  }
}
