// images/CONTRACT.md section 4 as the caller reads it: known events are checked, unknown events and fields are let through.
import * as z from 'zod';
import { strategyNames } from './request.ts';

export const contractVersion = '1.0';

const Time = z.iso.datetime();
const BackupId = z.string().regex(/^[0-9a-f]{8,64}$/);
const Guid = z.string().regex(/^[0-9]{1,20}$/);
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Count = z.int().min(0);
const Type = z.enum(['filesystem', 'volume']);
const Tools = z.record(z.string(), z.unknown());

export const imageErrorCodes = [
  'bad-request',
  'partial',
  'try-later',
  'source-unreadable',
  'store-full',
  'credentials-revoked',
  'local-full',
  'damaged',
  'interrupted',
  'failed',
] as const;

const ImageError = z.looseObject({
  code: z.enum(imageErrorCodes),
  operation: z.string().min(1),
  subject: z.string().optional(),
  message: z.string().min(1),
  hint: z.string().optional(),
});

export const Backup = z.looseObject({
  id: BackupId,
  chain: BackupId,
  kind: z.enum(['full', 'incremental']),
  base: BackupId.nullable(),
  source: z.string().min(1),
  guid: Guid,
  createdAt: Time,
  committedAt: Time,
  parts: z.int().min(1),
  streamBytes: z.int().min(1),
  /** Of a stream; a strategy that reads trees has none. */
  streamSha256: Sha256.optional(),
  storedBytes: z.int().min(1),
  type: Type,
  seconds: z.number().min(0).optional(),
  /** Of the whole tree, from a strategy that reads trees: an incremental's `streamBytes` are those of what changed. */
  sourceBytes: Count.optional(),
  sourceEntries: Count.optional(),
});
export type Backup = z.infer<typeof Backup>;

const Incomplete = z.looseObject({ id: BackupId, parts: Count, storedBytes: Count });

const SourceOutcome = z.looseObject({
  id: z.string(),
  outcome: z.enum(['ok', 'failed', 'interrupted']),
  backup: BackupId.optional(),
  error: ImageError.optional(),
});

const Finding = z.looseObject({
  kind: z.string().min(1),
  backup: BackupId.optional(),
  part: Count.optional(),
  message: z.string().min(1),
});

export const Audit = z.looseObject({
  backups: Count,
  parts: Count,
  storedBytes: Count,
  calls: Count,
  /** Of those: files asked for by id because the list did not show them, and manifests downloaded. */
  askedById: Count.optional(),
  downloads: Count.optional(),
  findings: z.array(Finding),
});
export type Audit = z.infer<typeof Audit>;

export const Selftest = z.looseObject({
  observations: z
    .array(
      z.looseObject({
        id: z.string().min(1),
        question: z.string().min(1),
        saw: z.string().min(1),
        settled: z.boolean(),
        emulator: z.string().optional(),
        same: z.boolean().optional(),
      }),
    )
    .min(1),
  removed: z.boolean(),
});
export type Selftest = z.infer<typeof Selftest>;

/** What goes and what stays, one event each; the result carries the sums. */
export const Planned = z.object({
  event: z.literal('planned'),
  at: Time,
  /** A chain, or parts without a manifest. */
  what: z.enum(['chain', 'orphan']),
  goes: z.boolean(),
  id: BackupId,
  source: z.string().max(63).optional(),
  backups: Count,
  files: Count,
  storedBytes: Count,
  newestAt: Time.optional(),
  proven: z.boolean(),
  reason: z.string().min(1).max(400),
});
export type Planned = z.infer<typeof Planned>;

const Plan = z.looseObject({
  digest: Sha256,
  goes: Count,
  stays: Count,
  files: Count,
  storedBytes: Count,
});
export type Plan = z.infer<typeof Plan>;

const Pruned = z.looseObject({ files: Count, failed: Count, storedBytes: Count });
export type Pruned = z.infer<typeof Pruned>;

/** One link of a chain, as fetch found it in the store. */
const FetchedBackup = z.looseObject({
  backup: BackupId,
  chain: BackupId,
  kind: z.enum(['full', 'incremental']),
  base: BackupId.nullable(),
  baseGuid: Guid.nullable(),
  guid: Guid,
  parts: z.int().min(1),
  storedBytes: z.int().min(1),
  streamBytes: z.int().min(1),
  streamSha256: Sha256,
  createdAt: Time,
  type: Type,
  seconds: z.number(),
});
export type FetchedBackup = z.infer<typeof FetchedBackup>;

export const Fetched = z.looseObject({
  backups: z.array(FetchedBackup).min(1),
  tools: Tools,
  seconds: z.number(),
});
export type Fetched = z.infer<typeof Fetched>;

/** Streams that nobody received: what ZFS's own reader found in them. */
export const Parsed = z.looseObject({
  guid: Guid,
  streams: z
    .array(
      z.looseObject({
        guid: Guid,
        baseGuid: Guid.nullable(),
        records: z.int().min(2),
        streamBytes: z.int().min(1),
        streamSha256: Sha256,
      }),
    )
    .min(1),
  tools: Tools,
  seconds: z.number(),
});
export type Parsed = z.infer<typeof Parsed>;

const ReceivedStream = z.looseObject({
  snapshot: z.string(),
  guid: Guid,
  streamBytes: z.int().min(1),
  streamSha256: Sha256,
});
export type ReceivedStream = z.infer<typeof ReceivedStream>;

export const Received = z.looseObject({
  pool: z.string(),
  dataset: z.string(),
  snapshot: z.string(),
  guid: Guid,
  streams: z.array(ReceivedStream).min(1),
  scrub: z.looseObject({ state: z.string(), errors: Count }),
  tools: Tools,
  seconds: z.number(),
});
export type Received = z.infer<typeof Received>;

/** Into a dataset of the owner's, whose name is not told. */
export const Restored = z.looseObject({
  snapshot: z.string(),
  guid: Guid,
  streams: z
    .array(
      z.looseObject({ snapshot: z.string(), guid: Guid, streamBytes: z.int().min(1), streamSha256: Sha256 }),
    )
    .min(1),
  tools: Tools,
  seconds: z.number(),
});
export type Restored = z.infer<typeof Restored>;

/** One link of a chain of trees, as fetch found it in the store. */
const FetchedVolumes = z.looseObject({
  id: BackupId,
  chain: BackupId,
  kind: z.enum(['full', 'incremental']),
  base: BackupId.nullable(),
  guid: Guid,
  volumes: z.int().min(1),
  bytes: z.int().min(1),
  createdAt: Time,
});
export type FetchedVolumes = z.infer<typeof FetchedVolumes>;

export const FetchedTree = z.looseObject({
  backups: z.array(FetchedVolumes).min(1),
  tools: Tools,
  seconds: z.number(),
});
export type FetchedTree = z.infer<typeof FetchedTree>;

/** How many backups the recovery kit alone finds in a store. */
export const Looked = z.looseObject({
  backups: Count,
  newestAt: Time.nullable(),
  tools: Tools,
  seconds: z.number(),
});
export type Looked = z.infer<typeof Looked>;

export const Prepared = z.looseObject({ pool: z.string(), dataset: z.string() });
export type Prepared = z.infer<typeof Prepared>;

export const Sealed = z.looseObject({
  pool: z.string(),
  dataset: z.string(),
  snapshot: z.string(),
  guid: Guid,
  scrub: z.looseObject({ state: z.string(), errors: Count }),
});
export type Sealed = z.infer<typeof Sealed>;

export const Comparison = z.looseObject({
  entries: Count,
  files: Count,
  bytes: Count,
  mismatches: Count,
  /** How many of each kind. */
  byKind: z.record(z.string(), Count).optional(),
  byType: z.record(z.string(), Count),
  checked: z.array(z.string()),
  tools: Tools,
  seconds: z.number(),
});
export type Comparison = z.infer<typeof Comparison>;

/** Into a folder of the owner's. Of a mere look, only how many entries it has, and its free bytes. */
export const CopiedOut = z.looseObject({
  entries: Count,
  freeBytes: Count.optional(),
  files: Count.optional(),
  bytes: Count.optional(),
  differences: z.record(z.string(), Count).optional(),
  seconds: z.number(),
});
export type CopiedOut = z.infer<typeof CopiedOut>;

export const Version = z.looseObject({
  contract: z.string(),
  supported: z.array(z.string()).min(1),
  image: z.string().min(1),
  strategy: z.enum(strategyNames).nullable(),
  verbs: z.array(z.string()).min(1),
  tools: z.record(z.string(), z.string()),
});
export type Version = z.infer<typeof Version>;

const Started = z.looseObject({ event: z.literal('started'), at: Time, verb: z.string(), run: z.string() });
export const Progress = z.looseObject({
  event: z.literal('progress'),
  at: Time,
  phase: z.string().min(1),
  done: Count,
  total: Count.nullable(),
  unit: z.enum(['bytes', 'files', 'parts']),
});
const Part = z.looseObject({
  event: z.literal('part'),
  at: Time,
  source: z.string(),
  part: Count,
  streamBytes: z.int().min(1),
  storedBytes: z.int().min(1),
});
/** One committed backup, told by `list`. Only the known fields are kept: there may be very many. */
const BackupEvent = z.object({ ...Backup.shape, event: z.literal('backup'), at: Time });
const Note = z.looseObject({
  event: z.literal('note'),
  at: Time,
  level: z.enum(['info', 'warn']),
  code: z.string(),
  message: z.string().min(1),
});
export const Result = z.looseObject({
  event: z.literal('result'),
  at: Time,
  contract: z.string(),
  verb: z.string(),
  run: z.string().optional(),
  outcome: z.enum(['ok', 'partial', 'failed', 'interrupted']),
  error: ImageError.optional(),
  version: Version.optional(),
  backups: z.array(Backup).optional(),
  count: Count.optional(),
  incomplete: z.array(Incomplete).optional(),
  incompleteCount: Count.optional(),
  sources: z.array(SourceOutcome).optional(),
  audit: Audit.optional(),
  plan: Plan.optional(),
  pruned: Pruned.optional(),
  selftest: Selftest.optional(),
  /** Of streams or of a tree: whoever asked knows which, and reads it as that. */
  fetched: z.looseObject({ backups: z.array(z.looseObject({})).min(1) }).optional(),
  looked: Looked.optional(),
  prepared: Prepared.optional(),
  sealed: Sealed.optional(),
  parsed: Parsed.optional(),
  received: Received.optional(),
  restored: Restored.optional(),
  comparison: Comparison.optional(),
  copiedOut: CopiedOut.optional(),
  reaped: z.array(z.string()).optional(),
  copied: z.looseObject({ objects: z.int().min(1), bytes: z.int().min(1) }).optional(),
  altered: z.looseObject({ entries: z.int().min(1), alterations: z.array(z.string()).min(1) }).optional(),
});
export type Result = z.infer<typeof Result>;

const Known = z.discriminatedUnion('event', [Started, Progress, Part, BackupEvent, Planned, Note, Result]);
const Unknown = z.looseObject({ event: z.string().min(1), at: Time });
const knownNames = new Set(['started', 'progress', 'part', 'backup', 'planned', 'note', 'result']);

export type KnownEvent = z.infer<typeof Known>;
export type ImageEvent = KnownEvent | z.infer<typeof Unknown>;

/** Given an event, say whether this controller knows its kind. */
export function isKnown(event: ImageEvent): event is KnownEvent {
  return knownNames.has(event.event);
}

export type ReadLine = { ok: true; event: ImageEvent } | { ok: false; reason: string };

/** Given a line of an image's stdout, return its event, or why it is none. The line itself is never repeated: it may hold anything. */
export function readEvent(line: string): ReadLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { ok: false, reason: 'not JSON' };
  }
  const unknown = Unknown.safeParse(value);
  if (!unknown.success) return { ok: false, reason: 'no event with a time in UTC' };
  if (!knownNames.has(unknown.data.event)) return { ok: true, event: unknown.data };
  const known = Known.safeParse(value);
  if (known.success) return { ok: true, event: known.data };
  const fields = known.error.issues.map((issue) => issue.path.join('.') || '(event)');
  return {
    ok: false,
    reason: `event '${unknown.data.event}' with wrong or missing fields: ${fields.join(', ')}`,
  };
}
