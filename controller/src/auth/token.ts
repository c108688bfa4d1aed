// Asking the token endpoint, and reading what it grants.
import * as z from 'zod';
import { HavenError } from '../errors.ts';
import type { OauthClient } from './client.ts';
import { scope } from './endpoints.ts';
import type { Http, Reply } from './http.ts';

const Granted = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  scope: z.string().optional(),
});
export type Granted = z.infer<typeof Granted>;

export function askToken(
  http: Http,
  url: string,
  client: OauthClient,
  form: Record<string, string>,
): Promise<Reply> {
  return http.postForm(url, { ...form, client_id: client.client_id, client_secret: client.client_secret });
}

/** Given a success, return what it grants; throws when that is not what Haven needs. */
export function grantedBy(reply: Reply): Granted {
  const granted = Granted.safeParse(reply.body);
  if (!granted.success) throw useless('Google gave no token', 'run it again');
  const scopes = granted.data.scope?.split(' ');
  if (scopes !== undefined && !scopes.includes(scope))
    throw useless('access to Google Drive was not ticked in the browser', 'run it again, and allow it');
  return granted.data;
}

/** As `grantedBy`, for a first sign-in: without a refresh token it would be over in an hour. */
export function refreshTokenOf(reply: Reply): string {
  const { refresh_token } = grantedBy(reply);
  if (refresh_token === undefined)
    throw useless(
      'Google gave no refresh token',
      'remove Haven at myaccount.google.com/connections, then run it again',
    );
  return refresh_token;
}

function useless(message: string, hint: string): HavenError {
  return new HavenError({
    code: 'credentials-revoked',
    operation: 'sign in',
    subject: 'google',
    message,
    hint,
  });
}
