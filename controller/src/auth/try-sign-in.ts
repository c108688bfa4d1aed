// Does a sign-in work? Refreshes it, and asks Drive who this is, how much room there is, and for a listing. Changes nothing there.
import * as z from 'zod';
import { HavenError } from '../errors.ts';
import type { Endpoints } from './endpoints.ts';
import type { Http, Reply } from './http.ts';
import { explainInvalidGrant } from './invalid-grant.ts';
import { errorName, isPassing, refusal } from './refusals.ts';
import type { SignIn } from './sign-in-file.ts';
import { askToken, grantedBy } from './token.ts';

export interface Tried {
  account: string | undefined;
  /** Undefined: unlimited. */
  freeBytes: number | undefined;
}

const About = z.looseObject({
  user: z.looseObject({ emailAddress: z.string().max(320).optional() }).optional(),
  storageQuota: z
    .looseObject({ limit: z.coerce.number().optional(), usage: z.coerce.number().optional() })
    .optional(),
});

/** Given a sign-in, return what Drive says of it; throws credentials-revoked when Google does not take it, try-later when it was not reached. */
export async function trySignIn(http: Http, endpoints: Endpoints, signIn: SignIn, now: Date): Promise<Tried> {
  const form = { grant_type: 'refresh_token', refresh_token: signIn.refresh_token };
  const reply = await askToken(http, endpoints.token, signIn, form);
  if (reply.status !== 200) throw refreshRefused(reply, signIn, now);
  const { access_token } = grantedBy(reply);
  const about = await askDrive(
    http,
    new URL('drive/v3/about?fields=user(emailAddress),storageQuota', endpoints.api),
    access_token,
  );
  await askDrive(http, new URL('drive/v3/files?pageSize=1&fields=files(id)', endpoints.api), access_token);
  const { user, storageQuota } = About.safeParse(about.body).data ?? {};
  const { limit, usage = 0 } = storageQuota ?? {};
  return {
    account: user?.emailAddress,
    freeBytes: limit === undefined ? undefined : Math.max(0, limit - usage),
  };
}

function refreshRefused(reply: Reply, signIn: SignIn, now: Date): HavenError {
  const name = errorName(reply);
  if (name !== 'invalid_grant') return refusal(reply, 'device');
  return new HavenError({
    code: 'credentials-revoked',
    operation: 'try the sign-in',
    subject: 'google-oauth.json',
    message: 'Google does not take this sign-in any more (invalid_grant)',
    hint: explainInvalidGrant(signIn.signed_in_at, now),
  });
}

async function askDrive(http: Http, url: URL, accessToken: string): Promise<Reply> {
  const reply = await http.getJson(url.href, accessToken);
  if (reply.status === 200) return reply;
  const reason = reasonIn(reply);
  const said = `HTTP ${reply.status}${reason === undefined ? '' : ` ${reason}`}`;
  const passing = isPassing(reply) || /[rR]ateLimitExceeded$/.test(reason ?? '');
  const off = reason === 'accessNotConfigured' || reason === 'SERVICE_DISABLED';
  throw new HavenError({
    code: passing ? 'try-later' : 'credentials-revoked',
    operation: 'try the sign-in',
    subject: 'google',
    message: off
      ? 'the Drive API is not switched on in this project'
      : `Google Drive refused a request (${said})`,
    hint: off
      ? 'switch it on at "APIs & Services" in the Google Cloud console, wait a minute, run it again'
      : 'run it again later',
  });
}

function reasonIn({ body }: Reply): string | undefined {
  const errors = (body.error as { errors?: { reason?: unknown }[] } | undefined)?.errors;
  const reason = Array.isArray(errors) ? errors[0]?.reason : undefined;
  return typeof reason === 'string' && /^\w{1,60}$/.test(reason) ? reason : undefined;
}
