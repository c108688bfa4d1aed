// `prune`: without a plan prints one and deletes nothing; with one makes it anew, demands that it would delete the very same files, and does it.
import type { Context } from '../context.ts';
import { HavenError, reportError } from '../contract/errors.ts';
import type { Plan, Planned, Result } from '../contract/events.ts';
import type { PruneRequest } from '../contract/request.ts';
import type { StoredFile } from '../drive/store.ts';
import { type Examination, examine } from '../manifest/examine.ts';
import { dropFromCache } from '../manifest/load-manifests.ts';
import { applyPlan } from '../prune/apply.ts';
import { type Doomed, digestOf, doomedBy } from '../prune/doomed.ts';
import { filesOf, type Leftover, type PrunePlan, planPrune } from '../prune/plan.ts';
import { policyOf } from '../prune/policy.ts';
import { readInFlight } from '../state/in-flight.ts';

export async function prune(request: PruneRequest, context: Context): Promise<Result> {
  const { settings, surroundings, memory, log } = context;
  // Before the store is looked at: a backup that is committed in between is in flight here, and no leftover there.
  const inFlight = readInFlight(surroundings.paths.state);
  const seen = await examine(context);
  const plan = planPrune({
    backups: oneEach(seen.readable),
    incomplete: leftoversOf(seen),
    findings: seen.findings,
    policy: policyOf(settings),
    proven: new Set(request.proven),
    inFlight,
    now: surroundings.clock.now(),
  });
  const doomed = doomedBy(plan);
  const summary = summarize(plan, doomed);
  for (const each of described(plan)) context.events.planned(each);
  log.info({ ...summary, applied: request.plan !== undefined }, 'the plan is made');
  if (plan.refusal !== null) return refused(plan.refusal, summary);
  if (request.plan === undefined) return { outcome: 'ok', plan: summary };
  if (request.plan.digest !== summary.digest) return changed(summary);

  const manifests = new Map(seen.catalogue.manifests.map((file) => [file.properties.backup!, file]));
  const { pruned, error } = await applyPlan(doomed, context, (backup) => {
    memory.forget(backup);
    const file = manifests.get(backup);
    if (file !== undefined) dropFromCache(file, context);
  });
  if (error === undefined) return { outcome: 'ok', plan: summary, pruned };
  const outcome = surroundings.stop.aborted ? 'interrupted' : 'failed';
  return { outcome, error: reportError(error, 'prune'), plan: summary, pruned };
}

/** A second manifest of the same backup is a finding of the audit, and goes with the first: alone it would name parts that are gone. */
function oneEach(readable: Examination['readable']) {
  const byBackup = Map.groupBy(readable, ({ manifest }) => manifest.backup);
  return [...byBackup.values()].map((copies) => ({
    files: copies.map(({ file }) => file.id),
    manifest: copies[0]!.manifest,
  }));
}

function leftoversOf({ catalogue, remembered }: Examination): Leftover[] {
  const live = new Set(
    catalogue.manifests.filter(({ trashed }) => !trashed).map(({ properties }) => properties.backup),
  );
  const once = new Set([
    ...catalogue.manifests.map(({ properties }) => properties.backup),
    ...remembered.map(({ backup }) => backup),
  ]);
  const parts = catalogue.parts.filter(({ trashed, properties }) => !trashed && !live.has(properties.backup));
  return [...Map.groupBy(parts, ({ properties }) => properties.backup!)].map(([backup, files]) => ({
    backup,
    files: files.map(({ id, bytes }) => ({ id, bytes: Number.isFinite(bytes) ? bytes : 0 })),
    newestAt: newestOf(files),
    wasCommitted: once.has(backup),
  }));
}

/** Undefined as soon as one file has no time: then nobody knows. */
function newestOf(files: StoredFile[]): string | undefined {
  const times = files.map(({ createdAt }) => createdAt);
  if (times.includes(undefined)) return undefined;
  return times.toSorted((a, b) => Date.parse(a!) - Date.parse(b!)).at(-1);
}

function summarize({ delete: going, keep, orphans }: PrunePlan, doomed: Doomed[]): Plan {
  const orphansGoing = orphans.filter(({ goes }) => goes).length;
  const parts = doomed.flatMap((each) => each.parts);
  return {
    digest: digestOf(doomed),
    goes: going.length + orphansGoing,
    stays: keep.length + orphans.length - orphansGoing,
    files: parts.length + doomed.flatMap(({ manifests }) => manifests).length,
    storedBytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function described({ delete: going, keep, orphans }: PrunePlan): Planned[] {
  const chains = [
    ...going.map((each) => ({ ...each, goes: true })),
    ...keep.map((each) => ({ ...each, goes: false })),
  ];
  return [
    ...chains.map(({ chain, goes, reason }): Planned => {
      const { id, source, backups, newestAt, proven } = chain;
      const bytes = backups.flatMap(({ manifest }) => manifest.parts.map(({ stored }) => stored.bytes));
      return {
        ...{ what: 'chain', goes, id, source, backups: backups.length, newestAt, proven, reason },
        files: backups.flatMap(filesOf).length,
        storedBytes: bytes.reduce((sum, each) => sum + each, 0),
      };
    }),
    ...orphans.map(({ leftover: { backup, files, newestAt }, goes, reason }): Planned => {
      const storedBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
      return {
        ...{ what: 'orphan', goes, id: backup, backups: 0, files: files.length, storedBytes },
        ...(newestAt === undefined ? {} : { newestAt: new Date(newestAt).toISOString() }),
        ...{ proven: false, reason },
      };
    }),
  ];
}

function refused(refusal: string, plan: Plan): Result {
  const error = new HavenError('damaged', `nothing may be deleted: ${refusal}`, {
    operation: 'prune',
    hint: '`haven audit b` says what is wrong; make a new full backup and drill it first',
  });
  return { outcome: 'failed', error: reportError(error, 'prune'), plan };
}

function changed(plan: Plan): Result {
  const error = new HavenError('bad-request', 'the store has changed since the plan: nothing was deleted', {
    operation: 'prune',
    hint: 'make a new plan, and look at it',
  });
  return { outcome: 'failed', error: reportError(error, 'prune'), plan };
}
