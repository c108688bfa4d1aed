// One source's backup, from plan to commit; and before that the one that an earlier run left in flight, which is never thrown away for a newer
// snapshot: its parts may be the work of two weeks. It is given up only when it cannot be continued, and that is told.
import type { Context } from '../context.ts';
import { HavenError } from '../contract/errors.ts';
import type { Backup } from '../contract/events.ts';
import type { BackupRequest, Source } from '../contract/request.ts';
import type { Catalogue } from '../drive/catalogue.ts';
import { type Manifest, summarize } from '../manifest/manifest.ts';
import type { Spool } from '../spool/spool.ts';
import type { InFlight, Journal } from '../state/journal.ts';
import { bookmark, listBases } from '../zfs/bases.ts';
import { releaseHolds } from '../zfs/holds.ts';
import { createZfs, snapshotName, type Zfs } from '../zfs/zfs.ts';
import { hopeless } from './hopeless.ts';
import { planBackup } from './plan-backup.ts';
import type { Recipient } from './recipients.ts';
import { PrefixDiffers } from './resume-stream.ts';
import { sendBackup } from './send-backup.ts';

/** What all sources of one run share. */
export interface Ground {
  spool: Spool;
  journal: Journal;
  folder: string;
  /** With trashed files. */
  catalogue: Catalogue;
  /** Those that can be read. */
  manifests: Manifest[];
  /** Ids of the backups whose manifest is in the store, or was. */
  committed: Set<string>;
  writer: Record<string, string>;
  /** None: parts are encrypted with the owner's passphrase. */
  recipients: Recipient[];
}

export interface Task {
  source: Source;
  kind: BackupRequest['kind'];
  /** Called for each commit: there may be an earlier one that was still in flight. */
  onCommit(backup: Backup): void;
}

/** Given a source, return its committed backup. Throws when there is none; what was made so far then waits for the next run. */
export async function backupSource(task: Task, ground: Ground, context: Context): Promise<Backup> {
  const { source, kind, onCommit } = task;
  const pending = ground.journal.inFlight().find((plan) => plan.source.id === source.id);
  if (pending !== undefined) {
    const plan = await asNamedToday(pending, source, zfsOf(source, context));
    const finished = await finish(plan, source, ground, context);
    if (finished !== undefined) onCommit(finished);
    if (finished?.guid === source.guid) return finished;
  }
  const zfs = zfsOf(source, context);
  const planned = await planBackup({ source, kind }, zfs, ground, context);
  if ('done' in planned) {
    const already = summarize(planned.done);
    onCommit(already);
    return already;
  }
  const committed = await carryOut(planned.plan, ground, context);
  onCommit(committed);
  return committed;
}

/** Dataset and snapshot may have been renamed since it began. Where the snapshot is not found, the plan stays as it is: `hopeless` looks into why. */
async function asNamedToday(plan: InFlight, asked: Source, zfs: Zfs): Promise<InFlight> {
  const onHost = await listBases(zfs, asked).catch(() => []);
  const found = onHost.find(({ kind, guid }) => kind === 'snapshot' && guid === plan.source.guid);
  if (found === undefined) return plan;
  const { dataset } = asked;
  return { ...plan, source: { ...plan.source, dataset, snapshot: found.name.slice(dataset.length + 1) } };
}

/** Given the backup in flight, return it committed, or undefined when it was given up. */
async function finish(
  plan: InFlight,
  asked: Source,
  ground: Ground,
  context: Context,
): Promise<Backup | undefined> {
  const parts = ground.journal.files(plan.backup).length;
  context.log.info(
    { source: plan.source.id, backup: plan.backup, parts },
    'the backup in flight is continued',
  );
  try {
    return await carryOut(plan, ground, context);
  } catch (error) {
    const zfs = zfsOf(plan.source, context);
    const why = await hopeless(error, plan, asked, ground.journal, (source) =>
      listBases(zfsOf(source, context), source),
    );
    if (why === null) throw error;
    // A stream that changed begins anew; a snapshot that is gone or unreadable does not come back, unless it is the very one asked for.
    if (plan.source.guid === asked.guid && !(error instanceof PrefixDiffers)) throw error;
    await giveUp(plan, why, zfs, ground, context);
    return undefined;
  }
}

async function carryOut(plan: InFlight, ground: Ground, context: Context): Promise<Backup> {
  const { clock } = context.surroundings;
  const startedAt = clock.now();
  const zfs = zfsOf(plan.source, context);
  const manifest = await sendBackup(plan, zfs, ground, context);
  ground.committed.add(plan.backup);
  ground.manifests.push(manifest);
  await bookmarkOrTell(plan, zfs, context);
  ground.journal.end(plan.backup);
  const own = snapshotName(plan.source);
  await releaseHolds(
    zfs,
    plan.source,
    context.events,
    (held) => held.backup !== plan.backup || held.snapshot !== own,
  );
  const seconds = (clock.now() - startedAt) / 1000;
  context.log.info(
    { source: plan.source.id, backup: plan.backup, kind: plan.kind, seconds, parts: manifest.parts.length },
    'backup is committed',
  );
  return { ...summarize(manifest), ...(plan.why === null ? {} : { why: plan.why }), seconds };
}

/** Its parts in the store are left to `prune`: no manifest names them. */
async function giveUp(
  plan: InFlight,
  why: string,
  zfs: Zfs,
  { journal, spool }: Ground,
  { events, log }: Context,
): Promise<void> {
  const { backup, source } = plan;
  log.warn({ source: source.id, backup, reason: why }, 'the backup in flight is given up');
  events.note('warn', 'given-up', `backup ${backup} of ${source.id}, still in flight, is given up: ${why}`);
  journal.end(backup);
  spool.keepOnly(journal.spooled());
  await releaseHolds(zfs, source, events, (held) => held.backup === backup);
}

/** Without a bookmark the next backup still has the held snapshot to start from: no reason to fail. */
async function bookmarkOrTell({ source, backup }: InFlight, zfs: Zfs, { events }: Context): Promise<void> {
  try {
    await bookmark(zfs, source, backup);
  } catch (error) {
    if (!(error instanceof HavenError)) throw error;
    if (/exists/.test(error.message)) return; // made by a run that was killed right after
    events.note('warn', 'no-bookmark', `no bookmark was made for ${source.id}: ${error.message}`);
  }
}

function zfsOf(source: Source, { surroundings }: Context): Zfs {
  return createZfs(source, surroundings.toolPath, surroundings.timing.commandMs);
}
