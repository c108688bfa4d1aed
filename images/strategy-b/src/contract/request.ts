// The request, parsed once at the boundary: what the rest of the code sees is right (images/contract/schema/request.schema.json).
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { Settings } from '../settings.ts';
import { HavenError } from './errors.ts';

const Id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);

export const Source = z.strictObject({
  id: Id,
  dataset: z
    .string()
    .max(255)
    .regex(/^[^@#\u0000-\u001f-][^@#\u0000-\u001f]*$/),
  snapshot: z
    .string()
    .max(255)
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]*$/),
  guid: z.string().regex(/^[0-9]{1,20}$/),
});
export type Source = z.infer<typeof Source>;

const common = { contract: z.literal('1.0'), run: Id, settings: Settings };

const requests = {
  backup: z.strictObject({
    ...common,
    verb: z.literal('backup'),
    sources: z.array(Source).min(1),
    kind: z.enum(['auto', 'full']),
  }),
  list: z.strictObject({ ...common, verb: z.literal('list') }),
  audit: z.strictObject({ ...common, verb: z.literal('audit') }),
  prune: z.strictObject({
    ...common,
    verb: z.literal('prune'),
    /** Backups that passed a full drill, by the caller's own records. */
    proven: z.array(z.string().regex(/^[0-9a-f]{8,64}$/)),
    /** The plan to carry out, as it was printed; only its digest counts. */
    plan: z.looseObject({ digest: z.string().regex(/^[0-9a-f]{64}$/) }).optional(),
  }),
  selftest: z.strictObject({ ...common, verb: z.literal('selftest') }),
  copy: z.strictObject({
    ...common,
    verb: z.literal('copy'),
    backups: z
      .array(z.string().regex(/^[0-9a-f]{8,64}$/))
      .min(1)
      .max(120),
  }),
};

export type RequestVerb = keyof typeof requests;
export type BackupRequest = z.infer<typeof requests.backup>;
export type ListRequest = z.infer<typeof requests.list>;
export type AuditRequest = z.infer<typeof requests.audit>;
export type PruneRequest = z.infer<typeof requests.prune>;
export type SelftestRequest = z.infer<typeof requests.selftest>;
export type CopyRequest = z.infer<typeof requests.copy>;
export type Request =
  | BackupRequest
  | ListRequest
  | AuditRequest
  | PruneRequest
  | SelftestRequest
  | CopyRequest;

export function isRequestVerb(verb: string): verb is RequestVerb {
  return Object.hasOwn(requests, verb);
}

/** Given the request's file, return it parsed; throws bad-request naming each wrong field. */
export function readRequest(path: string, verb: RequestVerb): Request {
  const parsed = requests[verb].safeParse(parseFile(path));
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'request'}: ${issue.message}`);
  throw new HavenError('bad-request', wrong.join('; '), {
    operation: 'read request',
    hint: 'fields under "settings" are yours, in haven.yaml at strategies.b.settings; the others are the controller’s',
  });
}

function parseFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new HavenError('bad-request', 'the request is missing or is not JSON', {
      operation: 'read request',
      hint: 'mount it read-only at /haven/request.json',
      cause,
    });
  }
}
