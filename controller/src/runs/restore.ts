// A restore for the owner, by the very steps that every drill takes: the recovery kit alone, the same programs, the same checks. Into a dataset that did not
// exist; compared with the snapshot that was backed up where that is still there. What is not finished is destroyed, if it bears the mark of this run.
import type { App } from '../app.ts';
import type { Backup, Comparison, CopiedOut } from '../contract/events.ts';
import type { Check } from '../drill/check.ts';
import type { Step } from '../drill/evidence.ts';
import { type ErrorCode, type ErrorReport, exitCodes, HavenError, reportOf } from '../errors.ts';
import { takeLock } from '../history/lock.ts';
import { ensureKit } from '../kit/write-kit.ts';
import { madeChecks, type Proof, prove } from '../restore/proof.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { releaseSnapshot } from '../zfs/snapshots.ts';
import { holdSource, removeVolumes, tried } from './drill-one.ts';
import { drillHold, makeOutFolder, releaseStaleHolds, removeWorkFolder } from './drill-steps.ts';
import { comparisonOf, walk } from './drill-verify.ts';
import { handshake } from './handshake.ts';
import { drillSpec } from './images.ts';
import { removeDrillContainers } from './leftovers.ts';
import { listBackups } from './look.ts';
import { type Ending, type RunSummary, recorded } from './recorded.ts';
import { chooseBackup, type Wanted } from './restore-choose.ts';
import { intoDataset } from './restore-into-dataset.ts';
import { type IntoFolder, intoFolder } from './restore-into-folder.ts';
import type { Outcome, Place, Restoring } from './restore-place.ts';
import { makeRunFolder } from './run-folder.ts';
import { sourcesOf } from './sources.ts';

export type RestoreOptions = Wanted & /** The dataset to be made. */ ({ to: string } | IntoFolder);

export interface RestoreResult extends Proof {
  source: string;
  backup: string;
  createdAt: string;
  chain: number;
  type: Backup['type'];
  /** The dataset, or the folder or file, that was made. */
  to: string;
  /** What was copied into a folder; null where the dataset itself was wanted. */
  copied: CopiedOut | null;
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
  const place = 'to' in options ? intoDataset(app, strategy, options.to) : intoFolder(app, strategy, options);
  const startedAt = app.now();
  const folder = makeRunFolder(app.home, run);
  await handshake(app, drillSpec(app, { verb: 'version', run, mounts: [] }), place.verbs);
  // Before hours of fetching, and before the store is asked.
  await place.demand(run, folder);
  await ensureKit(app, strategy);
  const chain = chooseBackup(strategy, await listBackups(app, strategy), options);
  await place.demand(run, folder, chain);
  const volume = (what: string) => `${app.config.name}-restore-${what}-${app.randomHex(4)}`;
  const restoring = { run, folder, strategy, chain, pipe: volume('pipe'), intoVolume: volume('into') };
  const ending = await makeAndProve(app, place, restoring, [volume('source'), volume('restored')])
    .then(({ proof, copied }) => {
      const seconds = (app.now().getTime() - startedAt.getTime()) / 1000;
      const { id, createdAt, type } = chain.at(-1)!;
      const what = { source: options.source, backup: id, createdAt, chain: chain.length, type };
      return ended({ ...what, to: place.words, copied, seconds, ...proof });
    })
    .catch(async (thrown): Promise<Ending> => {
      const failure: ErrorReport = app.signal.aborted
        ? { code: 'interrupted', operation: 'restore', message: 'stopped by request' }
        : reportOf(thrown, 'restore');
      const error = { ...failure, ...(await place.undo(failure, run)) };
      const outcome = error.code === 'interrupted' ? 'interrupted' : 'failed';
      return { outcome, exit: exitCodes[error.code], error, result: null };
    });
  await place.tidy(restoring);
  await tried(() => removeWorkFolder(folder));
  await tried(() => removeVolumes(app, [restoring.pipe, restoring.intoVolume]));
  return ending;
}

/** What a mismatch leaves may be all that its owner has: it stays, and is called what it is. */
function ended(result: RestoreResult): Ending {
  const { to: subject, words: message, sound, copied } = result;
  if (!sound) {
    const hint = 'it was left as it came; restore another backup, or of the other strategy';
    const error = { code: 'damaged', operation: 'restore', subject, message, hint } as const;
    return { outcome: 'failed', exit: exitCodes.damaged, error, result };
  }
  const lost = Object.entries(copied?.differences ?? {}).map(([kind, count]) => `${count} ${kind}`);
  if (lost.length === 0) return { outcome: 'ok', exit: 0, error: null, result };
  const error = {
    code: 'partial',
    operation: 'restore',
    subject,
    message: `all files are there, but their folder could not keep all that belongs to them: ${lost.join(', ')}`,
    hint: 'a folder on ext4, XFS or ZFS keeps them',
  } as const;
  return { outcome: 'partial', exit: exitCodes.partial, error, result };
}

async function makeAndProve(
  app: App,
  place: Place,
  restoring: Restoring,
  volumes: [string, string],
): Promise<{ proof: Proof; copied: CopiedOut | null }> {
  const { run, strategy, chain } = restoring;
  const held = await holdSourceOf(app, strategy, chain.at(-1)!, run);
  try {
    const outcome = await place.make(restoring);
    const checks = madeChecks(chain, outcome.made);
    const wrong = checks.find(({ pass }) => !pass);
    if (wrong !== undefined) throw new HavenError(failed(wrong, outcome));
    const proof = prove(outcome.made.reads, checks, await compare(app, place, restoring, held, volumes));
    return { proof, copied: (await place.finish(restoring, proof)) ?? null };
  } finally {
    await tried(() => removeVolumes(app, volumes));
    if (held.ok)
      await tried(() => releaseSnapshot(app.zfs, drillHold + run, held.value.dataset, held.value.name));
  }
}

function failed({ name, detail }: Check, { exit, error }: Outcome): ErrorReport {
  const hint = 'nothing was restored; try another backup (`haven list`), or the other strategy';
  const code = (Object.keys(exitCodes) as ErrorCode[]).find((one) => exitCodes[one] === exit) ?? 'damaged';
  return error ?? { code, operation: 'restore', message: `${name}: ${detail}`, hint };
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
  place: Place,
  restoring: Restoring,
  held: Step<Held>,
  [sourceVolume, restoredVolume]: [string, string],
): Promise<Step<Comparison>> {
  if (!held.ok) return held;
  const { run, folder, chain } = restoring;
  const backup = chain.at(-1)!;
  if (backup.type === 'volume') return { ok: false, reason: 'it is a volume, which has no files' };
  const out = makeOutFolder(folder, backup.source);
  const compared = comparisonOf(
    await walk(app, { run, folder, tag: 'verify', out }, [
      app.mountZfs({
        name: sourceVolume,
        device: `${held.value.dataset}@${held.value.name}`,
        to: '/haven/source',
      }),
      app.mountZfs({ name: restoredVolume, device: place.restored(restoring), to: '/haven/restored' }),
    ]),
  );
  if (app.signal.aborted)
    throw new HavenError({ code: 'interrupted', operation: 'compare', message: 'stopped' });
  return compared.ok ? compared : { ok: false, reason: `the comparison failed: ${compared.reason}` };
}
