// The manifest, as FORMAT.md defines it. A reader refuses a format that it does not know and a manifest that contradicts itself.
import * as z from 'zod';
import type { Backup } from '../contract/events.ts';

export const format = 'haven-b/1';

const BackupId = z.string().regex(/^[0-9a-f]{32}$/);
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Md5 = z.string().regex(/^[0-9a-f]{32}$/);
const Fingerprint = z.string().regex(/^[0-9A-F]{40,64}$/);
const Bytes = z.int().min(0);
const Guid = z.string().regex(/^[0-9]{1,20}$/);

export const Part = z.object({
  n: Bytes,
  file: z.string().min(1),
  name: z.string().min(1),
  compression: z.enum(['xz', 'zstd', 'none']),
  stream: z.object({ offset: Bytes, bytes: z.int().min(1), sha256: Sha256 }),
  stored: z.object({ bytes: z.int().min(1), md5: Md5, sha256: Sha256 }),
  /** Fingerprints of the public keys that it is encrypted to; without, it opens with a passphrase. */
  recipients: z.array(Fingerprint).min(1).optional(),
});
export type Part = z.infer<typeof Part>;

export const Manifest = z
  .object({
    format: z.literal(format),
    backup: BackupId,
    chain: BackupId,
    kind: z.enum(['full', 'incremental']),
    base: BackupId.nullable(),
    /** GUID of the snapshot that an incremental stream starts from. */
    baseGuid: Guid.nullable().default(null),
    source: z.object({
      id: z.string().min(1),
      dataset: z.string().min(1),
      snapshot: z.string().min(1),
      guid: Guid,
      type: z.enum(['filesystem', 'volume']),
      createdAt: z.iso.datetime(),
    }),
    sendFlags: z.array(z.string()),
    createdAt: z.iso.datetime(),
    committedAt: z.iso.datetime(),
    writer: z.record(z.string(), z.string()),
    stream: z.object({ bytes: z.int().min(1), sha256: Sha256 }),
    parts: z.array(Part).min(1),
  })
  .superRefine((manifest, context) => {
    const wrong = contradiction(manifest.parts, manifest.stream.bytes);
    if (wrong !== null) context.addIssue({ code: 'custom', message: wrong, path: ['parts'] });
    const { kind, base, baseGuid, chain, backup } = manifest;
    const whole = base === null && baseGuid === null && chain === backup;
    if (kind === 'full' ? !whole : base === null || baseGuid === null || chain === backup)
      context.addIssue({
        code: 'custom',
        message: 'kind, chain and base contradict each other',
        path: ['base'],
      });
  });
export type Manifest = z.infer<typeof Manifest>;

/** Parts are numbered from 0 without gap, and so are their bytes, up to the stream's length. */
function contradiction(parts: Part[], streamBytes: number): string | null {
  let offset = 0;
  for (const [index, part] of parts.entries()) {
    if (part.n !== index) return `part ${index} is numbered ${part.n}`;
    if (part.stream.offset !== offset)
      return `part ${index} begins at ${part.stream.offset} instead of ${offset}`;
    offset += part.stream.bytes;
  }
  return offset === streamBytes ? null : `the parts have ${offset} bytes and the stream ${streamBytes}`;
}

export function partName(backup: string, n: number): string {
  return `h1-${backup}-${String(n).padStart(6, '0')}`;
}

export function manifestName(backup: string): string {
  return `h1-${backup}-manifest`;
}

/** Given a manifest, return the contract's summary of it: no dataset or snapshot name. */
export function summarize(manifest: Manifest): Backup {
  return {
    id: manifest.backup,
    chain: manifest.chain,
    kind: manifest.kind,
    base: manifest.base,
    source: manifest.source.id,
    guid: manifest.source.guid,
    createdAt: manifest.createdAt,
    committedAt: manifest.committedAt,
    parts: manifest.parts.length,
    streamBytes: manifest.stream.bytes,
    streamSha256: manifest.stream.sha256,
    storedBytes: manifest.parts.reduce((sum, part) => sum + part.stored.bytes, 0),
    type: manifest.source.type,
  };
}
