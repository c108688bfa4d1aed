// Google's errors, translated at the edge into the few kinds that we act upon (facts: developers.google.com/workspace/drive/api/guides/handle-errors).
import { errnoOf, HavenError } from '../contract/errors.ts';

export type StoreErrorKind =
  /** Network, throttling, a server's fault: the same request may succeed later. */
  | 'transient'
  /** The access token is not taken; a new one may be. */
  | 'unauthorized'
  | 'not-found'
  /** A file of this id exists already. */
  | 'exists'
  | 'full'
  | 'revoked'
  /** The owner's project at Google does not allow it. */
  | 'set-up'
  /** Anything else that the store will say again however often it is asked. */
  | 'refused';

export class StoreError extends Error {
  readonly kind: StoreErrorKind;
  readonly retryAfterMs: number | undefined;
  /** More than hurried, if it lasts: `day` says so at once. */
  readonly throttled: 'rate' | 'day' | undefined;
  /** What the owner can do, where the connection knows more than the answer says. */
  advice: string | undefined;

  constructor(kind: StoreErrorKind, message: string, retryAfterMs?: number, throttled?: 'rate' | 'day') {
    super(message);
    this.name = 'StoreError';
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
    this.throttled = throttled;
  }
}

const transientStatus = new Set([408, 429, 500, 502, 503, 504]);
const rateReasons = new Set([
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'sharingRateLimitExceeded',
  'backendError',
  'dailyLimitExceeded',
  'downloadQuotaExceeded',
]);
/** By the first of them Google also says that a day's 750 GB are used up. */
const throttleReasons = new Map([
  ['userRateLimitExceeded', 'rate'],
  ['dailyLimitExceeded', 'day'],
] as const);
/** No room for bytes, or for one file more (developers.google.com/workspace/drive/api/guides/limits). */
const fullReasons = new Set([
  'storageQuotaExceeded',
  'quotaExceeded',
  'teamDriveFileLimitExceeded',
  'numChildrenInNonRootLimitExceeded',
  'activeItemCreationLimitExceeded',
  'myDriveHierarchyDepthLimitExceeded',
]);
/** The OAuth client or its project is set up wrongly: no waiting helps. */
const setupReasons = new Set(['accessNotConfigured', 'insufficientPermissions']);

/** Given an answer that is not a success, return what it means. Bodies may be JSON (of a download: still as bytes), plain text or HTML. */
export function translateAnswer(
  status: number,
  body: unknown,
  retryAfter: string | null,
  now: number,
): StoreError {
  const reason = reasonOf(body);
  const text = `HTTP ${status}${reason === undefined ? '' : ` ${reason}`}`;
  if (status === 401) return new StoreError('unauthorized', text);
  if (status === 404 || status === 410) return new StoreError('not-found', text);
  if (status === 409) return new StoreError('exists', text);
  if (status === 403 && reason !== undefined && fullReasons.has(reason)) return new StoreError('full', text);
  if (status === 403 && reason !== undefined && setupReasons.has(reason))
    return new StoreError('set-up', text);
  if (
    transientStatus.has(status) ||
    status >= 500 ||
    (status === 403 && reason !== undefined && rateReasons.has(reason))
  )
    return new StoreError('transient', text, parseRetryAfter(retryAfter, now), throttleOf(status, reason));
  return new StoreError('refused', text);
}

/** Given what a request threw (no answer, or the token endpoint's refusal), return what it means. Never keeps the thrown object: it holds tokens. */
export function translateThrown(thrown: unknown, now: number): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const response = responseOf(thrown);
  if (response === undefined)
    return new StoreError('transient', `no answer (${errnoOf(thrown) ?? nameOf(thrown)})`);
  const reason = reasonOf(response.data);
  if (reason === 'invalid_grant' || reason === 'invalid_client' || reason === 'unauthorized_client')
    return new StoreError('revoked', reason);
  return translateAnswer(response.status, response.data, response.headers?.get('retry-after') ?? null, now);
}

/** Given a store's error that no retry cured, return it as the contract has it. */
export function toHavenError(thrown: unknown, operation: string, subject?: string): unknown {
  if (!(thrown instanceof StoreError)) return thrown;
  const [code, message, hint] = meaning(thrown);
  return new HavenError(code, message, { operation, subject, hint, cause: thrown });
}

function throttleOf(status: number, reason: string | undefined): 'rate' | 'day' | undefined {
  return status === 403 ? throttleReasons.get(reason as 'userRateLimitExceeded') : undefined;
}

function meaning(
  error: StoreError,
): ['try-later' | 'store-full' | 'credentials-revoked' | 'bad-request' | 'failed', string, string] {
  switch (error.kind) {
    case 'transient':
    case 'unauthorized':
      return [
        'try-later',
        `Google Drive was not reached, or kept refusing (last: ${error.message})`,
        'check the network; run it again later',
      ];
    case 'full':
      return [
        'store-full',
        `Google Drive has no room left (${error.message})`,
        'free space, empty its trash or buy more, then run it again',
      ];
    case 'revoked':
      return [
        'credentials-revoked',
        `Google refuses the credentials for good (${error.message})`,
        error.advice ?? 'sign in again: haven auth google',
      ];
    case 'set-up':
      return [
        'bad-request',
        `Google does not let this OAuth client use Drive (${error.message})`,
        'enable the Google Drive API in its project, and sign in again: haven auth google (docs/operate/google-drive.md)',
      ];
    default:
      return ['failed', `Google Drive refused the request (${error.message})`, 'see the log of this run'];
  }
}

function reasonOf(body: unknown): string | undefined {
  const error = field(body instanceof ArrayBuffer ? parsed(body) : body, 'error');
  if (typeof error === 'string') return error; // the token endpoint's form
  const errors = field(error, 'errors');
  const reason = Array.isArray(errors) ? field(errors[0], 'reason') : undefined;
  return typeof reason === 'string' && /^[A-Za-z_]{1,60}$/.test(reason) ? reason : undefined;
}

function parsed(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined; // a page of HTML
  }
}

function field(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null && name in from
    ? (from as Record<string, unknown>)[name]
    : undefined;
}

interface ThrownResponse {
  status: number;
  data: unknown;
  headers?: Headers;
}

function responseOf(thrown: unknown): ThrownResponse | undefined {
  const response = field(thrown, 'response');
  return typeof field(response, 'status') === 'number' ? (response as ThrownResponse) : undefined;
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : typeof thrown;
}

/** Given a Retry-After header, in seconds or as a date, return milliseconds. */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null || value === '') return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}
