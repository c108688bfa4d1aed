// Brings one backup's files to the store: made in the spool, journalled, uploaded, and off the disk again.
import type { Context } from '../context.ts';
import type { Source } from '../contract/request.ts';
import { toHavenError } from '../drive/errors.ts';
import { upload } from '../drive/upload.ts';
import { type Manifest, manifestName, type Part, partName } from '../manifest/manifest.ts';
import type { SpoolFile } from '../spool/spool.ts';
import type { Journal } from '../state/journal.ts';
import type { Ground } from './backup-source.ts';
import type { ToolBox } from './openpgp.ts';
import { type MadePart, makePart, provePart } from './part.ts';

export interface SpooledPart {
  n: number;
  offset: number;
  made: MadePart;
  file: SpoolFile;
}

export interface Shipper {
  /** Given the next piece of the stream, return it as a part in the spool. */
  makePart(piece: AsyncIterable<Buffer>): Promise<SpooledPart>;
  ship(part: SpooledPart): Promise<Part>;
  /** Returns the file's id. */
  shipManifest(manifest: Manifest): Promise<string>;
}

export interface Shipment {
  backup: string;
  source: Source;
  ground: Ground;
  journal: Journal;
  context: Context;
  tools: ToolBox;
}

export function createShipper({ backup, source, ground, journal, context, tools }: Shipment): Shipper {
  const { settings, events, log, surroundings } = context;
  let next = 0;
  let offset = 0;
  const at = () => new Date(surroundings.clock.now()).toISOString();

  async function bring(n: number | 'manifest', made: MadePart, file: SpoolFile): Promise<string> {
    const subject = n === 'manifest' ? `manifest of ${source.id}` : `part ${n} of ${source.id}`;
    const identity: Record<string, string> =
      n === 'manifest' ? { kind: 'manifest', backup } : { kind: 'part', backup, part: String(n) };
    const job = {
      ...{ subject, path: file.path, folder: ground.folder },
      name: n === 'manifest' ? manifestName(backup) : partName(backup, n),
      properties: { haven: settings.set, ...identity },
      ...made.stored,
    };
    try {
      const stored = await upload(job, {
        ...{
          store: context.store,
          retry: { ...context.retry, stop: tools.stop },
          chunkBytes: surroundings.chunkBytes,
        },
        onId: (id) => journal.add({ at: at(), entry: 'id-taken', n, file: id }),
        onProgress: (sent) => log.debug({ subject, sent, of: made.stored.bytes }, 'uploading'),
        onResend: (reason) => {
          log.warn({ subject, reason }, 'sent again');
          events.note('warn', 'resent', `${subject} is sent again: ${reason}`);
        },
      });
      await file.remove();
      return stored.id;
    } catch (error) {
      throw toHavenError(error, 'upload', subject);
    }
  }

  return {
    makePart: async (piece) => {
      const n = next;
      const file = await ground.spool.create(partName(backup, n));
      const made = await makePart(piece, settings.compression, file, tools);
      await provePart(made, settings.compression, file, tools);
      journal.add({ at: at(), entry: 'part-made', n, made });
      const part = { n, offset, made, file };
      next += 1;
      offset += made.stream.bytes;
      return part;
    },
    ship: async ({ n, offset, made, file }) => {
      const id = await bring(n, made, file);
      journal.add({ at: at(), entry: 'part-stored', n, file: id });
      events.part(source.id, n, made.stream.bytes, made.stored.bytes);
      log.info({ source: source.id, part: n, storedBytes: made.stored.bytes }, 'a part is off-site');
      const compression = settings.compression.method;
      return {
        ...{ n, file: id, name: partName(backup, n), compression },
        ...{ stream: { offset, ...made.stream }, stored: made.stored },
      };
    },
    shipManifest: async (manifest) => {
      const file = await ground.spool.create(manifestName(backup));
      const none = { method: 'none' } as const;
      const made = await makePart(once(JSON.stringify(manifest)), none, file, tools);
      await provePart(made, none, file, tools);
      return bring('manifest', made, file);
    },
  };
}

async function* once(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
