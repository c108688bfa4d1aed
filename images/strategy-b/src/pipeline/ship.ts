// Brings one backup's files to the store: made in the spool, journalled, uploaded, and off the disk again. Each step is in the journal before the
// next relies on it, so that a killed run's successor knows which files are whole, which ids are taken and which sessions are open.
import type { Context } from '../context.ts';
import { StoreError, toHavenError } from '../drive/errors.ts';
import type { Store } from '../drive/store.ts';
import { upload } from '../drive/upload.ts';
import type { Manifest, Part } from '../manifest/manifest.ts';
import type { SpoolFile } from '../spool/spool.ts';
import {
  fileName,
  type InFlight,
  type JournalledFile,
  type MadeFile,
  manifestNumber,
} from '../state/journal.ts';
import type { Ground } from './backup-source.ts';
import { createMeasure } from './measure.ts';
import type { ToolBox } from './openpgp.ts';
import { makePart, provePart } from './part.ts';
import { sealManifest, sealPart } from './recipients.ts';

/** Every part is proven by counts. While the line is busy with another one, reading it back from the disk costs nothing that is missed, so it is decoded as well; and so is each of this many where the line is never busy. */
const decodeEach = 16;

/** A sealed file of the spool, on its way. */
export interface Waiting {
  n: number;
  made: MadeFile;
  file: SpoolFile;
}

export interface Shipper {
  /** Parts that an earlier run made and did not bring off-site. One that is not what the journal says is forgotten, with all after it. */
  waiting(): Promise<Waiting[]>;
  /** Given the next piece of the stream, return it as a part in the spool. `busy` tells whether the line is in use. */
  makePart(piece: AsyncIterable<Buffer>, busy: () => boolean): Promise<Waiting>;
  ship(part: Waiting): Promise<void>;
  /** Returns the file's id. */
  shipManifest(manifest: Manifest): Promise<string>;
  /** What is off-site so far. */
  parts(): Part[];
}

export interface Shipment {
  plan: InFlight;
  ground: Ground;
  context: Context;
  tools: ToolBox;
}

export function createShipper({ plan, ground, context, tools }: Shipment): Shipper {
  const { settings, events, log, surroundings } = context;
  const { journal, spool } = ground;
  const { backup, source } = plan;
  const nameOf = (n: number) => fileName(backup, n);

  async function bring({ n, made, file }: Waiting): Promise<string> {
    const isManifest = n === manifestNumber;
    const subject = isManifest ? `manifest of ${source.id}` : `part ${n} of ${source.id}`;
    const kind: Record<string, string> = isManifest
      ? { kind: 'manifest' }
      : { kind: 'part', part: String(n) };
    const known = journal.files(backup).find((candidate) => candidate.n === n);
    const job = {
      ...{ subject, path: file.path, folder: ground.folder, name: nameOf(n) },
      properties: { haven: settings.set, ...kind, backup },
      ...made.stored,
      resume: known?.id === undefined ? undefined : { id: known.id, ...sessionOf(known) },
    };
    try {
      const stored = await upload(job, {
        store: context.store,
        retry: { ...context.retry, stop: tools.stop },
        line: context.line,
        chunkBytes: surroundings.chunkBytes,
        onId: (id) => journal.setId(backup, n, id),
        onSession: (uri, startedAt) => journal.setSession(backup, n, { uri, startedAt }),
        onProgress: (sent) => log.debug({ subject, sent, of: made.stored.bytes }, 'uploading'),
        onResend: (reason) => {
          log.warn({ subject, reason }, 'sent again');
          events.note('warn', 'resent', `${subject} is sent again: ${reason}`);
        },
      });
      journal.setStored(backup, n);
      await file.remove();
      return stored.id;
    } catch (error) {
      throw toHavenError(error, 'upload', subject);
    }
  }

  return {
    waiting: async () => {
      const found: Waiting[] = [];
      for (const { n, made, stored } of journal.files(backup)) {
        if (stored || n === manifestNumber) continue;
        const file = spool.find(nameOf(n));
        if (file === undefined || !(await isWhole(file, made))) {
          log.warn({ source: source.id, part: n }, 'a part in the spool is not whole: it is made again');
          journal.dropFiles(backup, n);
          spool.keepOnly(journal.spooled());
          break;
        }
        found.push({ n, made, file });
      }
      return found;
    },
    makePart: async (piece, busy) => {
      const last = journal.files(backup).at(-1);
      const n = last === undefined ? 0 : last.n + 1;
      const offset = last === undefined ? 0 : last.made.stream.offset + last.made.stream.bytes;
      const file = await spool.create(nameOf(n));
      const { stream, stored } = await orRemoved(file, async () => {
        const seal = sealPart(ground.recipients, tools, surroundings.randomId);
        const unproven = await makePart(piece, settings.compression, file, tools, seal);
        if (n % decodeEach === 0 || busy())
          await provePart(unproven, settings.compression, file, tools, seal);
        return unproven;
      });
      const recipients = ground.recipients.map(({ fingerprint }) => fingerprint);
      const made = {
        ...{ compression: settings.compression.method, stream: { offset, ...stream }, stored },
        ...(recipients.length === 0 ? {} : { recipients }),
      };
      journal.addFile(backup, n, made);
      return { n, made, file };
    },
    ship: async (part) => {
      const { n, made } = part;
      await bring(part);
      events.part(source.id, n, made.stream.bytes, made.stored.bytes);
      log.info({ source: source.id, part: n, storedBytes: made.stored.bytes }, 'a part is off-site');
    },
    shipManifest: async (manifest) => {
      const known = journal.files(backup).find(({ n }) => n === manifestNumber);
      const left = known === undefined ? undefined : spool.find(nameOf(manifestNumber));
      if (known !== undefined && known.id !== undefined && known.stored) return known.id;
      if (known !== undefined && left !== undefined && (await isWhole(left, known.made)))
        return bring({ n: manifestNumber, made: known.made, file: left });
      if (known !== undefined && (await isThere(known, context.store))) {
        journal.setStored(backup, manifestNumber);
        return known.id!;
      }
      await left?.remove();
      const file = await spool.create(nameOf(manifestNumber));
      const none = { method: 'none' } as const;
      const { stream, stored } = await orRemoved(file, async () => {
        const seal = sealManifest(tools);
        const unproven = await makePart(once(JSON.stringify(manifest)), none, file, tools, seal);
        await provePart(unproven, none, file, tools, seal);
        return unproven;
      });
      const made = { compression: none.method, stream: { offset: 0, ...stream }, stored };
      journal.addFile(backup, manifestNumber, made);
      return bring({ n: manifestNumber, made, file });
    },
    parts: () =>
      journal
        .files(backup)
        .filter(({ n, stored }) => n !== manifestNumber && stored)
        .map(({ n, id, made }) => ({ n, file: id!, name: nameOf(n), ...made })),
  };
}

function sessionOf({ session }: JournalledFile): { session?: string; startedAt?: number } {
  return session === undefined ? {} : { session: session.uri, startedAt: session.startedAt };
}

/** The file in the spool is lost, but it may have come off-site before: a second manifest of the same backup would be one too many. */
async function isThere({ id, made }: JournalledFile, store: Store): Promise<boolean> {
  if (id === undefined) return false;
  try {
    const { trashed, bytes, md5 } = await store.get(id);
    return !trashed && bytes === made.stored.bytes && md5 === made.stored.md5;
  } catch (error) {
    if (error instanceof StoreError && error.kind === 'not-found') return false;
    throw error;
  }
}

/** A power cut may leave a file that is named and not what it was. */
async function isWhole(file: SpoolFile, { stored }: MadeFile): Promise<boolean> {
  if (file.bytes() !== stored.bytes) return false;
  const measure = createMeasure('sha256');
  for await (const chunk of file.chunks()) measure.take(chunk);
  return measure.digest('sha256') === stored.sha256;
}

/** A file that was not made whole is of no use to anybody, and may be as large as the disk is full. */
async function orRemoved<T>(file: SpoolFile, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await file.remove();
    throw error;
  }
}

async function* once(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
