// Why Google takes the credentials no more. It says `invalid_grant` and not why; the age of the sign-in tells which cause is likely.

const day = 86_400_000;

/** Given the token endpoint's error, when the owner signed in, and the time, return what the owner can do. */
export function adviceFor(reason: string, signedInAt: string | undefined, now: number): string {
  if (reason !== 'invalid_grant')
    return 'the OAuth client is unknown to Google, or its secret is wrong: look at it in the Google Cloud console, then haven auth google';
  const age = now - Date.parse(signedInAt ?? '');
  const known = Number.isFinite(age) && age >= 0;
  const testing = 'the OAuth app is in "Testing", where a sign-in dies after 7 days: publish it';
  const others =
    'access was removed in the Google account; its password was changed; more than 100 sign-ins since';
  const unused = 'it was not used for six months';
  const causes = !known
    ? [testing, others, unused]
    : [...(age < 10 * day ? [testing] : []), ...(age > 180 * day ? [unused] : []), others];
  const when = known ? ` (made ${Math.floor(age / day)} days ago)` : '';
  return `sign in again${when}: haven auth google. Likely causes: ${causes.join('; ')}`;
}
