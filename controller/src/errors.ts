// The one error type of the controller and the exit status that goes with each of its codes.
// The codes up to `interrupted` are those of images/CONTRACT.md section 3; `busy` is the controller's own.

export const exitCodes = {
  'bad-request': 3,
  partial: 10,
  'try-later': 11,
  busy: 12,
  'source-unreadable': 20,
  'store-full': 21,
  'credentials-revoked': 22,
  'local-full': 23,
  damaged: 30,
  interrupted: 143,
  failed: 1,
} as const;

export type ErrorCode = keyof typeof exitCodes;

export interface ErrorReport {
  code: ErrorCode;
  /** What was being done, in words: "read the configuration". */
  operation: string;
  subject?: string | undefined;
  message: string;
  /** What the owner can do about it. */
  hint?: string | undefined;
}

export class HavenError extends Error {
  readonly report: ErrorReport;

  constructor(report: ErrorReport, options?: { cause?: unknown }) {
    super(report.message, options);
    this.name = 'HavenError';
    this.report = report;
  }
}

/** Given anything thrown, return it as a report; what is not a HavenError is a failure of our own. */
export function reportOf(thrown: unknown, operation: string): ErrorReport {
  if (thrown instanceof HavenError) return thrown.report;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'failed', operation, message };
}
