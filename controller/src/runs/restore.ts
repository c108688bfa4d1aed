// A restore for the owner, by the very steps that every drill takes: the recovery kit alone, the same programs, the same checks. Into a dataset that did not
// exist; compared with the snapshot that was backed up where that is still there. What is not finished is destroyed, if it bears the mark of this run.
import type { App } from '../app.ts';
import type { Backup, Comparison } from '../contract/events.ts';
import type { Check } from '../drill/check.ts';
import type { Step } from '../drill/evidence.ts';
import { type ErrorReport, exitCodes, HavenError, reportOf } from '../errors.ts';
import { takeLock } from '../history/lock.ts';
import { ensureKit } from '../kit/write-kit.ts';
import { madeChecks, type Proof, prove } from '../restore/proof.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { releaseSnapshot } from '../zfs/snapshots.ts';
import { holdSource, removeVolumes, tried } from './drill-one.ts';
import {
  drillHold,
  makeOutFolder,
  releaseStaleHolds,
  removeWorkFolder,
  restoreVerbsFor,
  streamBytes,
} from './drill-steps.ts';
import { comparisonOf, walk } from './drill-verify.ts';
import { handshake } from './handshake.ts';
import { drillSpec } from './images.ts';
import { removeDrillContainers } from './leftovers.ts';
import { listBackups } from './look.ts';
import { type Ending, type RunSummary, recorded } from './recorded.ts';
import { chooseBackup, type Wanted } from './restore-choose.ts';
import { type Restoring, restoredSnapshot, restoreInto } from './restore-steps.ts';
import { demandTarget, destroyUnfinished, handOver, noteTarget } from './restore-target.ts';
import { makeRunFolder } from './run-folder.ts';
import { sourcesOf } from './sources.ts';

export interface RestoreOptions extends Wanted {
  /** The dataset to be made. */
  to: string;
}

export interface RestoreResult extends Proof {
  source: string;
  backup: string;
  createdAt: string;
  chain: number;
  type: Backup['type'];
  to: string;
  seconds: number;
}

export async function runRestore(app: App, strategy: Strategy, options: RestoreOptions): Promise<RunSummary> {
  // That of drills: the containers of both have the same names, and only one of them may look after what an earlier one left.
  const lock = takeLock(app.home.locks, 'drill');
  try {
    await removeDrillContainers(app);
    return await recorded(app, { kind: 'restore', strategy, trigger: 'hand' }, (run, cancellable) =>
      restore(cancellable, strategy, run, options),
    );
  } finally {
    lock.release();
  }
}

async function restore(app: App, strategy: Strategy, run: string, options: RestoreOptions): Promise<Ending> {
  const startedAt = app.now();
  const { to, source } = options;
  // Before hours of fetching, and before the store is asked.
  await demandTarget(app.zfs, to);
  const spec = drillSpec(app, { verb: 'version', run, mounts: [] });
  await handshake(app, spec, [...restoreVerbsFor[strategy.reads]]);
  await ensureKit(app, strategy);
  const chain = chooseBackup(strategy, await listBackups(app, strategy), options);
  const backup = chain.at(-1)!;
  await demandTarget(app.zfs, to, backup.sourceBytes ?? streamBytes(chain));
  const folder = makeRunFolder(app.home, run);
  const volume = (what: string) => `${app.config.name}-restore-${what}-${app.randomHex(4)}`;
  const restoring: Restoring = {
    ...{ run, folder, strategy, chain, target: to },
    pipe: volume('pipe'),
    intoVolume: volume('into'),
  };
  noteTarget(folder, to);
  let failure: ErrorReport;
  try {
    const proof = await makeAndProve(app, restoring, [volume('source'), volume('restored')]);
    const seconds = (app.now().getTime() - startedAt.getTime()) / 1000;
    const { id, createdAt, type } = backup;
    const result = { source, backup: id, createdAt, chain: chain.length, type, to, seconds, ...proof };
    return ended(result satisfies RestoreResult);
  } catch (thrown) {
    failure = app.signal.aborted
      ? { code: 'interrupted', operation: 'restore', message: 'stopped by request' }
      : reportOf(thrown, 'restore');
  } finally {
    await tried(() => removeWorkFolder(folder));
    await tried(() => removeVolumes(app, [restoring.pipe, restoring.intoVolume]));
  }
  const error = { ...failure, ...(await withdraw(app, failure, to, run)) };
  const outcome = error.code === 'interrupted' ? 'interrupted' : 'failed';
  return { outcome, exit: exitCodes[error.code], error, result: null };
}

/** What a mismatch leaves may be all that its owner has: it stays, and is called what it is. */
function ended(result: RestoreResult): Ending {
  if (result.sound) return { outcome: 'ok', exit: 0, error: null, result };
  const { to: subject, words: message } = result;
  const hint = 'it was left as it came, read-only; restore another backup, or of the other strategy';
  const error = { code: 'damaged', operation: 'restore', subject, message, hint } as const;
  return { outcome: 'failed', exit: exitCodes.damaged, error, result };
}

async function makeAndProve(app: App, restoring: Restoring, volumes: [string, string]): Promise<Proof> {
  const { run, strategy, chain, target } = restoring;
  const backup = chain.at(-1)!;
  const held = await holdSourceOf(app, strategy, backup, run);
  try {
    const { made, culprit } = await restoreInto[strategy.reads](app, restoring);
    const checks = madeChecks(chain, made);
    const wrong = checks.find(({ pass }) => !pass);
    if (wrong !== undefined) throw new HavenError(failed(wrong, culprit?.error));
    const compared = await compare(app, restoring, held, volumes);
    const proof = prove(made.reads, checks, compared);
    await handOver(app.zfs, target, proof.sound);
    return proof;
  } finally {
    await tried(() => removeVolumes(app, volumes));
    if (held.ok)
      await tried(() => releaseSnapshot(app.zfs, drillHold + run, held.value.dataset, held.value.name));
  }
}

function failed({ name, detail }: Check, error: ErrorReport | undefined): ErrorReport {
  const hint = 'nothing was restored; try another backup (`haven list`), or the other strategy';
  return error ?? { code: 'damaged', operation: 'restore', message: `${name}: ${detail}`, hint };
}

interface Held {
  dataset: string;
  name: string;
}

/** The source may be long gone, from the configuration as well: then there is nothing to compare with, and that is no failure. */
async function holdSourceOf(app: App, strategy: Strategy, backup: Backup, run: string): Promise<Step<Held>> {
  const { found } = await sourcesOf(app, strategy);
  const dataset = found.find(({ id }) => id === backup.source);
  if (dataset === undefined) return { ok: false, reason: `${backup.source} is not on this host any more` };
  await releaseStaleHolds(app, dataset.dataset);
  const held = await holdSource(app, { dataset, backup, run });
  return held.ok ? { ok: true, value: { dataset: dataset.dataset, name: held.value.name } } : held;
}

async function compare(
  app: App,
  restoring: Restoring,
  held: Step<Held>,
  [sourceVolume, restoredVolume]: [string, string],
): Promise<Step<Comparison>> {
  if (!held.ok) return held;
  const { run, folder, chain, target } = restoring;
  const backup = chain.at(-1)!;
  if (backup.type === 'volume') return { ok: false, reason: 'it is a volume, which has no files' };
  const snapshot = restoredSnapshot(restoring);
  const out = makeOutFolder(folder, backup.source);
  const compared = comparisonOf(
    await walk(app, { run, folder, tag: 'verify', out }, [
      app.mountZfs({
        name: sourceVolume,
        device: `${held.value.dataset}@${held.value.name}`,
        to: '/haven/source',
      }),
      app.mountZfs({ name: restoredVolume, device: `${target}@${snapshot}`, to: '/haven/restored' }),
    ]),
  );
  if (app.signal.aborted)
    throw new HavenError({ code: 'interrupted', operation: 'compare', message: 'stopped' });
  return compared.ok ? compared : { ok: false, reason: `the comparison failed: ${compared.reason}` };
}

/** Takes back what a failed restore made; what is left is named. */
async function withdraw(
  app: App,
  failure: ErrorReport,
  target: string,
  run: string,
): Promise<Partial<ErrorReport>> {
  const destroyed = await tried(() => destroyUnfinished(app.zfs, target, run));
  const why = destroyed.ok ? destroyed.value : destroyed.reason;
  if (why === undefined) return {};
  return {
    subject: target,
    message: `${failure.message}; ${target} is left as far as it had come: ${why}`,
    hint: `when nobody needs it: zfs destroy -r '${target}'`,
  };
}
