// Sends one backup: stream → parts → manifest, or what is left of it after a run that was killed. A part is made while the one before travels, so
// at most two are on the disk. The manifest is written last, and only after the stream ended well (zfs/send.ts), each part was proven
// (pipeline/part.ts) and each upload's checksums agreed (drive/upload.ts). Whatever fails before leaves what the next run goes on with.
import type { Context } from '../context.ts';
import { HavenError } from '../contract/errors.ts';
import { toHavenError } from '../drive/errors.ts';
import { format, type Manifest, type Part } from '../manifest/manifest.ts';
import type { InFlight, StreamEnd } from '../state/journal.ts';
import { listBases } from '../zfs/bases.ts';
import { openSendStream, type Sending, type SendStream, sendArguments } from '../zfs/send.ts';
import { estimateSend, inspectSnapshot, type Zfs } from '../zfs/zfs.ts';
import type { Ground } from './backup-source.ts';
import { cut } from './cut.ts';
import { afterPrefix } from './resume-stream.ts';
import { createShipper, type Shipper } from './ship.ts';

/** Given a plan that is in the journal, return the manifest once it is off-site. Throws PrefixDiffers when the stream is not the one that was begun. */
export async function sendBackup(
  plan: InFlight,
  zfs: Zfs,
  ground: Ground,
  context: Context,
): Promise<Manifest> {
  const { journal } = ground;
  const failed = new AbortController();
  const tools = context.tools(zfs.scrub, AbortSignal.any([context.surroundings.stop, failed.signal]));
  const shipper = createShipper({ plan, ground, context, tools });
  try {
    let { manifest } = journal.ending(plan.backup);
    if (manifest === undefined) {
      const stream = await sendParts(plan, { shipper, failed, zfs }, ground, context);
      manifest = manifestOf(plan, stream, shipper.parts(), context.surroundings.clock.now());
      requireAgreement(manifest);
      journal.setManifest(plan.backup, manifest);
    }
    const file = await shipper.shipManifest(manifest);
    context.memory.remember({ backup: plan.backup, file });
    return manifest;
  } catch (error) {
    throw toHavenError(error, 'backup', plan.source.id);
  }
}

async function sendParts(
  plan: InFlight,
  { shipper, failed, zfs }: { shipper: Shipper; failed: AbortController; zfs: Zfs },
  { journal }: Ground,
  context: Context,
): Promise<StreamEnd> {
  const waiting = await shipper.waiting();
  const { stream: ended } = journal.ending(plan.backup);
  const made = journal.files(plan.backup).map((file) => file.made.stream);
  if (ended !== undefined && made.reduce((sum, { bytes }) => sum + bytes, 0) === ended.bytes) {
    for (const part of waiting) await shipper.ship(part);
    return ended;
  }

  let travelling: Promise<unknown> = Promise.resolve();
  try {
    for (const part of waiting) {
      await travelling; // two parts are on the disk at most
      travelling = shipper.ship(part);
      travelling.catch(() => undefined); // awaited below
    }
    const sending = await locate(plan, zfs);
    return await withStream(sending, zfs, context, async (stream) => {
      const rest = afterPrefix(stream.bytes(), made);
      const { partBytes } = context.settings;
      await shipStream({ rest, stream, shipper, failed, travelling, partBytes }, () =>
        journal.setStream(plan.backup, stream.summary()),
      );
      return stream.summary();
    });
  } catch (error) {
    failed.abort();
    await travelling.catch(() => undefined);
    throw error;
  }
}

async function withStream<T>(
  sending: Sending,
  zfs: Zfs,
  context: Context,
  work: (stream: SendStream) => Promise<T>,
): Promise<T> {
  const { stop, timing } = context.surroundings;
  const stream = openSendStream(zfs, sending, timing);
  const stopStream = () => void stream.stop();
  stop.addEventListener('abort', stopStream, { once: true });
  const ticking = setInterval(() => tellProgress(stream, sending.estimate, context), 5000);
  try {
    return await work(stream);
  } finally {
    clearInterval(ticking);
    stop.removeEventListener('abort', stopStream);
    await stream.stop();
  }
}

/** Finds where the stream starts and ends today: by GUID, whatever the snapshots are called now. */
async function locate({ source, base, sendFlags }: InFlight, zfs: Zfs): Promise<Sending> {
  await inspectSnapshot(zfs, source);
  const sending = {
    source,
    flags: sendFlags,
    from: base === null ? null : await findBase(source, base.guid, zfs),
  };
  return { ...sending, estimate: await estimateSend(zfs, source, sendArguments(sending)) };
}

async function findBase(source: InFlight['source'], guid: string, zfs: Zfs): Promise<Sending['from']> {
  const same = (await listBases(zfs, source)).filter((it) => it.guid === guid);
  const found = same.find(({ kind }) => kind === 'snapshot') ?? same[0];
  if (found !== undefined) return { name: found.name, guid };
  throw new HavenError('source-unreadable', 'the snapshot that this incremental starts from is gone', {
    operation: 'find base',
    subject: source.id,
    hint: 'the next backup finds another base, or makes a full one',
  });
}

interface Shipping {
  rest: AsyncIterable<Buffer>;
  stream: SendStream;
  shipper: Shipper;
  failed: AbortController;
  travelling: Promise<unknown>;
  partBytes: number;
}

/** Makes part n+1 while part n travels. When either fails, the other is ended, and the first error is the one thrown. */
async function shipStream(shipping: Shipping, onEnd: () => void): Promise<void> {
  const { stream, shipper, failed } = shipping;
  let firstError: unknown;
  function fail(error: unknown): void {
    firstError ??= error;
    failed.abort();
    void stream.stop();
  }
  let busy = true;
  function travel(journey: Promise<unknown>): Promise<void> {
    busy = true;
    return journey.then(() => {
      busy = false;
    }, fail);
  }

  let travelling = travel(shipping.travelling);
  try {
    for await (const piece of cut(shipping.rest, shipping.partBytes)) {
      const made = await shipper
        .makePart(piece, () => busy)
        .catch((error) => {
          fail(error); // before the loop closes the stream: a silent source would be waited for
          throw error;
        });
      await travelling;
      if (failed.signal.aborted) break;
      travelling = travel(shipper.ship(made));
    }
    if (firstError === undefined) onEnd();
  } catch (error) {
    fail(error);
  }
  await travelling;
  if (firstError !== undefined) throw firstError;
}

function manifestOf(plan: InFlight, { type, ...stream }: StreamEnd, parts: Part[], now: number): Manifest {
  const { backup, chain, kind, base, source, sendFlags, createdAt, writer } = plan;
  return {
    ...{ format, backup, chain, kind, base: base?.backup ?? null, baseGuid: base?.guid ?? null },
    source: { ...source, type, createdAt: plan.snapshotCreatedAt },
    ...{ sendFlags, createdAt, committedAt: new Date(now).toISOString(), writer, stream, parts },
  };
}

/** The last look before the manifest: what zfs gave is what the parts hold. */
function requireAgreement({ parts, stream, source }: Manifest): void {
  const inParts = parts.reduce((sum, part) => sum + part.stream.bytes, 0);
  const gap = parts.some((part, index) => part.n !== index);
  if (inParts === stream.bytes && parts.length > 0 && !gap) return;
  throw new HavenError('failed', `the parts hold ${inParts} bytes of ${stream.bytes}`, {
    operation: 'write manifest',
    subject: source.id,
  });
}

function tellProgress(stream: SendStream, estimate: number | null, { events }: Context): void {
  const sent = stream.sent();
  events.progress('send', sent, estimate !== null && estimate >= sent ? estimate : null, 'bytes');
}
