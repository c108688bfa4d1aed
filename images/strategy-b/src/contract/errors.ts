// The one error type of strategy B, and the contract's table of codes and exit statuses (images/CONTRACT.md, section 3).

export const exitCodes = {
  ok: 0,
  failed: 1,
  'bad-request': 3,
  partial: 10,
  'try-later': 11,
  'source-unreadable': 20,
  'store-full': 21,
  'credentials-revoked': 22,
  'local-full': 23,
  damaged: 30,
  interrupted: 143,
} as const;

export type ErrorCode = Exclude<keyof typeof exitCodes, 'ok'>;

export interface ErrorFacts {
  operation: string;
  subject?: string | undefined;
  hint?: string | undefined;
  cause?: unknown;
}

/** What the contract calls `error`: what happened, to what, and what the owner can do. Its texts hold no name of a dataset or snapshot. */
export class HavenError extends Error {
  readonly code: ErrorCode;
  readonly operation: string;
  readonly subject: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts) {
    super(message, { cause: facts.cause });
    this.name = 'HavenError';
    this.code = code;
    this.operation = facts.operation;
    this.subject = facts.subject;
    this.hint = facts.hint;
  }
}

export interface ReportedError {
  code: ErrorCode;
  operation: string;
  subject?: string;
  message: string;
  hint?: string;
}

/** Given anything that was thrown, return the contract's error. What we did not foresee is `failed`, with only the error's class as its text: a stranger's message may name a file. */
export function reportError(thrown: unknown, operation: string): ReportedError {
  const known = thrown instanceof HavenError ? thrown : unforeseen(thrown, operation);
  return {
    code: known.code,
    operation: known.operation,
    message: known.message,
    ...(known.subject === undefined ? {} : { subject: known.subject }),
    ...(known.hint === undefined ? {} : { hint: known.hint }),
  };
}

function unforeseen(thrown: unknown, operation: string): HavenError {
  const code = errnoOf(thrown);
  if (code === 'ENOSPC' || code === 'EDQUOT') return localFull(operation, thrown);
  const kind = thrown instanceof Error ? thrown.name : typeof thrown;
  return new HavenError('failed', `unexpected ${kind}${code === undefined ? '' : ` (${code})`}`, {
    operation,
    hint: 'this is a fault of Haven: keep the log and report it',
    cause: thrown,
  });
}

export function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** The local disk has no room for a part or for a record. */
export function localFull(operation: string, cause: unknown): HavenError {
  return new HavenError('local-full', 'the disk that holds the state volume is full', {
    operation,
    hint: 'free space there, or set a smaller partBytes: two parts are kept on disk at a time',
    cause,
  });
}

export function interrupted(operation: string): HavenError {
  return new HavenError('interrupted', 'stopped by SIGTERM', { operation, hint: 'run it again when wanted' });
}
