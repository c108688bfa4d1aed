import type { Check } from '../doctor/check.ts';

const signs = { ok: 'ok    ', warn: 'warn  ', failed: 'FAILED' } as const;

/** Given a check, return it as a person reads it, with the remedy of one that is not ok below. */
export function checkLine({ name, state, detail, remedy }: Check): string {
  return `${signs[state]}  ${name}: ${detail}${state === 'ok' || remedy === undefined ? '' : `\n        ${remedy}`}`;
}

/** Given all checks, return the last line: how many failed, and whether warnings stand above. */
export function lastLine(checks: Check[]): string {
  const count = (wanted: Check['state']): number => checks.filter(({ state }) => state === wanted).length;
  if (count('failed') > 0) return `${count('failed')} of ${checks.length} checks failed.`;
  if (count('warn') > 0) return `No check failed; heed ${count('warn')} of ${checks.length} that warn.`;
  return 'All is well.';
}
