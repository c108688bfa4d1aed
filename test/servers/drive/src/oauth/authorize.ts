/** Which grant a request carries; throws 401 authError where Google would. */
import type { IncomingMessage } from 'node:http';
import { unauthorized } from '../faults/refusals.ts';
import type { Accounts, Grant } from './accounts.ts';

export function grantOf(request: IncomingMessage, accounts: Accounts): Grant {
  const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '');
  const grant = bearer ? accounts.accessGrant(bearer[1]!) : undefined;
  if (!grant) {
    throw unauthorized();
  }
  return grant;
}
