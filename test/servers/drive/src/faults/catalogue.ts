/**
 * Every fault by name: which requests it is meant for unless told otherwise, and what it may be given. A fault that a test
 * misspells must be refused at once, or the test would pass without it.
 */
export type RequestClass =
  | 'any'
  | 'api'
  | 'token'
  | 'device-code'
  | 'discovery'
  | 'about'
  | 'list'
  | 'get'
  | 'download'
  | 'create'
  | 'update'
  | 'delete'
  | 'generate-ids'
  | 'upload'
  | 'upload-start'
  | 'upload-simple'
  | 'upload-session'
  | 'upload-chunk'
  | 'upload-final'
  | 'upload-status';

export const REQUEST_CLASSES: readonly RequestClass[] = [
  'any',
  'api',
  'token',
  'device-code',
  'discovery',
  'about',
  'list',
  'get',
  'download',
  'create',
  'update',
  'delete',
  'generate-ids',
  'upload',
  'upload-start',
  'upload-simple',
  'upload-session',
  'upload-chunk',
  'upload-final',
  'upload-status',
];

interface FaultKind {
  match: RequestClass;
  /** Parameters beside name, match, nth and times: their types and defaults. */
  params: Record<string, string | number>;
}

export const FAULTS = {
  'rate-limit-403': { match: 'api', params: { reason: 'userRateLimitExceeded' } },
  'too-many-429': { match: 'api', params: { retryAfter: 1 } },
  'server-error-500': { match: 'api', params: {} },
  'server-error-502': { match: 'api', params: {} },
  'server-error-503': { match: 'api', params: {} },
  'server-error-504': { match: 'api', params: {} },
  'unauthorized-401': { match: 'api', params: {} },
  'quota-full': { match: 'upload', params: {} },
  'grant-revoked-400': { match: 'token', params: {} },
  'nonsense-200': { match: 'api', params: {} },
  'api-error': { match: 'api', params: { status: 400, reason: 'badRequest', message: 'Bad Request' } },
  'session-gone-404': { match: 'upload-session', params: { status: 404 } },
  'reset-before-body': { match: 'upload-chunk', params: {} },
  'reset-inside-body': { match: 'upload-chunk', params: { afterBytes: 1 } },
  'answer-lost': { match: 'upload-chunk', params: {} },
  'short-persist': { match: 'upload-chunk', params: { lose: 262144 } },
  'fruitless-308': { match: 'upload-chunk', params: {} },
  '308-without-range': { match: 'upload-session', params: {} },
  'wrong-md5-header': { match: 'upload-session', params: {} },
  'bit-flip-on-wire': { match: 'upload-chunk', params: { offset: 0 } },
  'bit-flip-at-rest': { match: 'upload-chunk', params: { offset: 0 } },
  'truncate-at-rest': { match: 'upload-final', params: { lose: 1 } },
  'wrong-md5-metadata': { match: 'upload-final', params: {} },
  'missing-md5-metadata': { match: 'upload-final', params: {} },
  'trashed-behind': { match: 'upload-final', params: {} },
  'deleted-behind': { match: 'upload-final', params: {} },
  'duplicate-file': { match: 'upload-final', params: {} },
  'list-lag': { match: 'list', params: { seconds: 3600, by: 'any' } },
  'incomplete-list': { match: 'list', params: {} },
  'page-token-rejected-400': { match: 'list', params: {} },
  stall: { match: 'upload-chunk', params: { seconds: 3600, afterBytes: 0 } },
  slow: { match: 'upload-chunk', params: { bytesPerSecond: 65536 } },
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof FAULTS;

export interface Fault {
  id: number;
  name: FaultName;
  match: RequestClass;
  /** Fires from the nth matching request on (1 = the next one) … */
  nth: number;
  /** … as many times as this. */
  times: number;
  params: Record<string, string | number>;
}

const OWN_KEYS = ['name', 'match', 'nth', 'times'];

/** Given a fault from outside, return it complete with defaults; throws with the remedy when it could never fire as meant. */
export function parseFault(input: Record<string, unknown>, id: number): Fault {
  const name = input.name;
  if (typeof name !== 'string' || !Object.hasOwn(FAULTS, name)) {
    throw new Error(`unknown fault "${String(name)}"; known: ${Object.keys(FAULTS).join(', ')}`);
  }
  const kind: FaultKind = FAULTS[name as FaultName];
  const match = input.match ?? kind.match;
  if (!REQUEST_CLASSES.includes(match as RequestClass)) {
    throw new Error(`unknown match "${String(match)}"; known: ${REQUEST_CLASSES.join(', ')}`);
  }
  const params: Record<string, string | number> = { ...kind.params };
  for (const [key, value] of Object.entries(input)) {
    if (OWN_KEYS.includes(key)) {
      continue;
    }
    const standard = kind.params[key];
    if (standard === undefined) {
      throw new Error(
        `fault "${name}" has no parameter "${key}"; it has: ${Object.keys(kind.params).join(', ') || 'none'}`,
      );
    }
    if (typeof value !== typeof standard) {
      throw new Error(`parameter "${key}" of fault "${name}" must be a ${typeof standard}`);
    }
    params[key] = value as string | number;
  }
  return {
    id,
    name: name as FaultName,
    match: match as RequestClass,
    nth: positive(input.nth ?? 1, 'nth'),
    times: positive(input.times ?? 1, 'times'),
    params,
  };
}

function positive(value: unknown, name: string): number {
  if (!Number.isInteger(value) || (value as number) < 1) {
    throw new Error(`"${name}" must be a whole number from 1`);
  }
  return value as number;
}
