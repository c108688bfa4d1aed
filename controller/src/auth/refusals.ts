// What Google's sign-in means by its errors, and what the owner can do about each.
import { type ErrorCode, HavenError } from '../errors.ts';
import type { Reply } from './http.ts';

/** Which kind of OAuth client each way needs; Google refuses the other. */
export type Way = 'device' | 'loopback';

const clientOf: Record<Way, string> = {
  device: '"TVs and Limited Input devices"',
  loopback: '"Desktop app"',
};

/** Given an answer that is no success, return the error's name, or undefined where Google gave none. */
export function errorName({ body }: Reply): string | undefined {
  const name = typeof body.error === 'string' ? body.error : body.error_code;
  return typeof name === 'string' && /^[a-z_]{1,60}$/.test(name) ? name : undefined;
}

/** Worth another try: a server's fault or throttling. */
export function isPassing(reply: Reply): boolean {
  return (
    reply.status === 408 ||
    reply.status === 429 ||
    reply.status >= 500 ||
    errorName(reply) === 'rate_limit_exceeded'
  );
}

/** Given an answer that is no success, return it as an error. */
export function refusal(reply: Reply, way: Way): HavenError {
  const name = errorName(reply);
  const said = `HTTP ${reply.status}${name === undefined ? '' : ` ${name}`}`;
  if (isPassing(reply))
    return error('try-later', `Google does not answer now (${said})`, 'run it again later');
  const other =
    way === 'device'
      ? 'or use --loopback with a "Desktop app" client'
      : 'or leave --loopback out for a TV client';
  switch (name) {
    case 'invalid_client':
    case 'unauthorized_client':
      return error(
        'bad-request',
        `Google does not take this OAuth client (${said})`,
        `check id and secret, and that its type is ${clientOf[way]}; ${other} (docs/operate/google-drive.md)`,
      );
    case 'invalid_scope':
      return error(
        'bad-request',
        `Google does not offer this scope (${said})`,
        'switch on the Drive API in the project',
      );
    case 'access_denied':
      return denied();
    case 'invalid_grant':
      return error(
        'bad-request',
        'Google does not take this code',
        'a code is good once and for minutes: run `haven auth google` again',
      );
    default:
      return error('failed', `Google refused the sign-in (${said})`, 'docs/operate/google-drive.md');
  }
}

export function denied(): HavenError {
  return error(
    'credentials-revoked',
    'access was denied in the browser',
    'run it again and allow it; in "Testing" only the test users of the project may',
  );
}

function error(code: ErrorCode, message: string, hint: string): HavenError {
  return new HavenError({ code, operation: 'sign in', subject: 'google', message, hint });
}
