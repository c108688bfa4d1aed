import type { Check } from '../doctor/check.ts';

const signs = { ok: 'ok    ', warn: 'warn  ', failed: 'FAILED' } as const;

/** Given a check, return it as a person reads it, with the remedy of one that is not ok below. */
export function checkLine({ name, state, detail, remedy }: Check): string {
  return `${signs[state]}  ${name}: ${detail}${state === 'ok' || remedy === undefined ? '' : `\n        ${remedy}`}`;
}
