// One source's backup, from hold to manifest. A part is made while the one before travels, so at most two are on the disk.
// The manifest is written last, and only after the stream ended well (zfs/send.ts), each part was proven (pipeline/part.ts) and each upload's
// checksums agreed (drive/upload.ts). Whatever fails before leaves parts that nobody counts, and no hold.

import { join } from 'node:path';
import type { Context } from '../context.ts';
import { HavenError } from '../contract/errors.ts';
import type { Backup } from '../contract/events.ts';
import type { Source } from '../contract/request.ts';
import { toHavenError } from '../drive/errors.ts';
import type { Manifest, Part } from '../manifest/manifest.ts';
import { format, summarize } from '../manifest/manifest.ts';
import type { Spool } from '../spool/spool.ts';
import { type Journal, openJournal } from '../state/journal.ts';
import { hold, listHolds, release } from '../zfs/holds.ts';
import { openSendStream, type SendStream, sendFlags } from '../zfs/send.ts';
import { createZfs, inspectSnapshot, type SnapshotFacts, snapshotName, type Zfs } from '../zfs/zfs.ts';
import { cut } from './cut.ts';
import { createShipper, type Shipper } from './ship.ts';

/** What all sources of one run share. */
export interface Ground {
  spool: Spool;
  folder: string;
  /** Ids of the backups whose manifest is in the store, or was. */
  committed: Set<string>;
  writer: Record<string, string>;
}

export async function backupSource(source: Source, ground: Ground, context: Context): Promise<Backup> {
  const { surroundings, log } = context;
  const { timing, clock } = surroundings;
  const startedAt = clock.now();
  const backup = surroundings.randomId();
  const zfs = createZfs(source, surroundings.toolPath, timing.commandMs);
  const facts = await inspectSnapshot(zfs, source);
  await releaseHolds(zfs, source, context, (id) => !ground.committed.has(id));

  log.info({ source: source.id, backup, estimate: facts.estimate }, 'backup begins');
  await holdOrRefuse(zfs, source, backup);
  const journal = openJournal(join(surroundings.paths.state, 'journal'), backup);
  let manifest: Manifest;
  try {
    manifest = await send(source, backup, facts, zfs, ground, journal, context);
  } catch (error) {
    await release(zfs, { snapshot: snapshotName(source), backup }).catch(() =>
      context.events.note(
        'warn',
        'hold-left',
        `the hold of backup ${backup} was not released; the next run does it`,
      ),
    );
    throw error;
  }
  journal.close();
  await releaseHolds(zfs, source, context, (id) => id !== backup);
  const seconds = (clock.now() - startedAt) / 1000;
  log.info({ source: source.id, backup, seconds, parts: manifest.parts.length }, 'backup is committed');
  return { ...summarize(manifest), seconds };
}

async function send(
  source: Source,
  backup: string,
  facts: SnapshotFacts,
  zfs: Zfs,
  ground: Ground,
  journal: Journal,
  context: Context,
): Promise<Manifest> {
  const { clock, timing, stop } = context.surroundings;
  const createdAt = new Date(clock.now()).toISOString();
  const failed = new AbortController();
  const tools = context.tools(zfs.scrub, AbortSignal.any([stop, failed.signal]));
  const shipper = createShipper({ backup, source, ground, journal, context, tools });
  journal.add({
    ...{ at: createdAt, entry: 'begun', backup, source: source.id },
    guid: source.guid,
    partBytes: context.settings.partBytes,
  });

  const stream = openSendStream(zfs, source, facts.estimate, timing);
  const stopStream = () => void stream.stop();
  stop.addEventListener('abort', stopStream, { once: true });
  const ticking = setInterval(() => tellProgress(stream, facts.estimate, context), 5000);
  try {
    const parts = await shipStream(stream, shipper, failed, context.settings.partBytes);
    const { type, ...summary } = stream.summary();
    const manifest: Manifest = {
      ...{ format, backup, chain: backup, kind: 'full', base: null },
      source: { ...source, type, createdAt: facts.createdAt },
      ...{ sendFlags, createdAt, committedAt: new Date(clock.now()).toISOString() },
      ...{ writer: ground.writer, stream: summary, parts },
    };
    requireAgreement(manifest);
    const file = await shipper.shipManifest(manifest);
    context.memory.remember({ backup, file });
    return manifest;
  } catch (error) {
    throw toHavenError(error, 'backup', source.id);
  } finally {
    clearInterval(ticking);
    stop.removeEventListener('abort', stopStream);
    await stream.stop();
    ground.spool.clear();
  }
}

/** Makes part n+1 while part n travels. When either fails, the other is ended, and the first error is the one thrown. */
async function shipStream(
  stream: SendStream,
  shipper: Shipper,
  failed: AbortController,
  partBytes: number,
): Promise<Part[]> {
  const parts: Part[] = [];
  let firstError: unknown;
  let travelling: Promise<void> = Promise.resolve();
  function fail(error: unknown): void {
    firstError ??= error;
    failed.abort();
    void stream.stop();
  }

  try {
    for await (const piece of cut(stream.bytes(), partBytes)) {
      const made = await shipper.makePart(piece).catch((error) => {
        fail(error); // before the loop closes the stream: a silent source would be waited for
        throw error;
      });
      await travelling;
      if (failed.signal.aborted) break;
      travelling = shipper.ship(made).then((part) => void parts.push(part), fail);
    }
  } catch (error) {
    fail(error);
  }
  await travelling;
  if (firstError !== undefined) throw firstError;
  return parts;
}

/** The last look before the manifest: what zfs gave is what the parts hold. */
function requireAgreement(manifest: Manifest): void {
  const inParts = manifest.parts.reduce((sum, part) => sum + part.stream.bytes, 0);
  if (inParts === manifest.stream.bytes && manifest.parts.length > 0) return;
  throw new HavenError('failed', `the parts hold ${inParts} bytes of ${manifest.stream.bytes}`, {
    operation: 'write manifest',
    subject: manifest.source.id,
  });
}

async function holdOrRefuse(zfs: Zfs, source: Source, backup: string): Promise<void> {
  try {
    await hold(zfs, source, backup);
  } catch (cause) {
    throw new HavenError('source-unreadable', (cause as Error).message, {
      operation: 'hold snapshot',
      subject: source.id,
      hint: '`zfs allow` must give uid 1000 hold and release',
      cause,
    });
  }
}

/** Our holds on this dataset that nobody needs any more. One that cannot be released costs space, not safety: it is told, and tried again next time. */
async function releaseHolds(
  zfs: Zfs,
  source: Source,
  context: Context,
  unneeded: (backup: string) => boolean,
): Promise<void> {
  try {
    for (const held of await listHolds(zfs, source)) if (unneeded(held.backup)) await release(zfs, held);
  } catch (error) {
    context.events.note(
      'warn',
      'hold-left',
      `old holds of ${source.id} were not released: ${(error as Error).message}`,
    );
  }
}

function tellProgress(stream: SendStream, estimate: number | null, { events }: Context): void {
  const sent = stream.sent();
  events.progress('send', sent, estimate !== null && estimate >= sent ? estimate : null, 'bytes');
}
