// `invalid_grant`: Google says no more than "expired or revoked". The age of the sign-in tells which cause is likely.
import { duration } from '../cli/words.ts';

const day = 86_400_000;

/** Given when the sign-in was made (undefined when not recorded), return why Google probably refuses it, likeliest first. */
export function likelyCauses(signedInAt: string | undefined, now: Date): string[] {
  const testing =
    'the consent screen is in "Testing", where a sign-in dies after 7 days: publish it ("In production")';
  const rest = [
    'access was removed at myaccount.google.com/connections',
    'more than 100 sign-ins of this client were made since: the oldest die',
    "the account's password was changed, or its administrator ended the session",
    'the OAuth client was deleted, or its secret was renewed',
  ];
  const unused = 'it was not used for six months';
  const at = signedInAt === undefined ? Number.NaN : Date.parse(signedInAt);
  const age = now.getTime() - at;
  if (Number.isNaN(age) || age < 0) return [testing, ...rest, unused];
  if (age < 10 * day) return [testing, ...rest];
  return age > 180 * day ? [unused, ...rest] : rest;
}

/** One text of it, with the remedy. */
export function explainInvalidGrant(signedInAt: string | undefined, now: Date): string {
  const at = signedInAt === undefined ? Number.NaN : Date.parse(signedInAt);
  const age = Number.isNaN(at)
    ? 'when it was made is not recorded'
    : `it was made ${duration(Math.max(0, (now.getTime() - at) / 1000))} ago`;
  const causes = likelyCauses(signedInAt, now);
  return `sign in again: haven auth google (${age}). Likely causes: ${causes.map((cause, i) => `${i + 1}. ${cause}`).join('; ')}`;
}
