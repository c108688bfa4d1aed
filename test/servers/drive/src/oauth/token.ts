/** POST /token: refresh_token, authorization_code (with PKCE) and the device flow. */
import { createHash } from 'node:crypto';
import type { Exchange } from '../exchange.ts';
import { type Answer, jsonAnswer } from '../http/answer.ts';
import { oauthRefusal } from '../http/refusal.ts';
import { readBody } from '../http/request-body.ts';
import type { Grant } from './accounts.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

export async function token(exchange: Exchange): Promise<Answer> {
  const form = new URLSearchParams((await readBody(exchange.request)).toString('utf8'));
  const clientId = knownClient(exchange, form);
  switch (form.get('grant_type')) {
    case 'refresh_token':
      return refresh(exchange, form, clientId);
    case 'authorization_code':
      return fromCode(exchange, form, clientId);
    case DEVICE_GRANT:
      return fromDevice(exchange, form, clientId);
    default:
      throw oauthRefusal(
        400,
        'unsupported_grant_type',
        `Invalid grant_type: ${form.get('grant_type') ?? ''}`,
      );
  }
}

/** Clients name themselves in the form or by Basic authentication; Go tries either. */
function knownClient(exchange: Exchange, form: URLSearchParams): string {
  const basic = /^Basic (.+)$/i.exec(exchange.request.headers.authorization ?? '');
  const [basicId, basicSecret] = basic ? Buffer.from(basic[1]!, 'base64').toString('utf8').split(':') : [];
  const id = form.get('client_id') ?? (basicId && decodeURIComponent(basicId));
  const secret = form.get('client_secret') ?? (basicSecret && decodeURIComponent(basicSecret));
  if (!id) {
    throw oauthRefusal(400, 'invalid_request', 'Could not determine client ID from request.');
  }
  const known = exchange.emulator.accounts.clientSecret(id);
  if (known === undefined) {
    throw oauthRefusal(401, 'invalid_client', 'The OAuth client was not found.');
  }
  if (secret !== known) {
    throw oauthRefusal(401, 'invalid_client', 'Unauthorized');
  }
  return id;
}

function refresh({ emulator }: Exchange, form: URLSearchParams, clientId: string): Answer {
  const refreshToken = form.get('refresh_token') ?? '';
  const grant = emulator.accounts.refreshGrant(refreshToken);
  if (!grant || grant.clientId !== clientId) {
    throw oauthRefusal(400, 'invalid_grant', 'Token has been expired or revoked.');
  }
  return accessTokenAnswer(emulator, grant, refreshToken);
}

function fromCode({ emulator }: Exchange, form: URLSearchParams, clientId: string): Answer {
  const pending = emulator.accounts.takeCode(form.get('code') ?? '');
  if (!pending || pending.clientId !== clientId) {
    throw oauthRefusal(400, 'invalid_grant', 'Malformed auth code.');
  }
  if (pending.redirectUri !== form.get('redirect_uri')) {
    throw oauthRefusal(400, 'redirect_uri_mismatch', 'Bad Request');
  }
  if (pending.challenge !== undefined) {
    const verifier = form.get('code_verifier') ?? '';
    const hashed = createHash('sha256').update(verifier).digest('base64url');
    if (pending.challenge !== (pending.challengeMethod === 'S256' ? hashed : verifier)) {
      throw oauthRefusal(400, 'invalid_grant', 'Invalid code verifier.');
    }
  }
  return newLogin(emulator, pending);
}

function fromDevice({ emulator }: Exchange, form: URLSearchParams, clientId: string): Answer {
  const { accounts, clock } = emulator;
  const code = form.get('device_code') ?? '';
  const login = accounts.device(code);
  if (!login || login.clientId !== clientId) {
    throw oauthRefusal(400, 'invalid_grant', 'Malformed device code.');
  }
  const now = clock.now();
  if (login.expiresAt <= now) {
    throw oauthRefusal(400, 'expired_token', 'The device code has expired.');
  }
  const tooSoon = now - login.lastPollAt < login.intervalMs;
  accounts.saveDevice(code, { ...login, lastPollAt: now });
  if (login.state === 'denied') {
    throw oauthRefusal(403, 'access_denied', 'Forbidden');
  }
  if (tooSoon) {
    throw oauthRefusal(403, 'slow_down', 'Forbidden');
  }
  if (login.state === 'pending') {
    throw oauthRefusal(428, 'authorization_pending', 'Precondition Required');
  }
  accounts.saveDevice(code, undefined);
  return newLogin(emulator, login);
}

function newLogin(emulator: Exchange['emulator'], { clientId, scope }: Grant): Answer {
  const grant = { clientId, scope };
  const refreshToken = emulator.accounts.newRefreshToken(grant);
  return accessTokenAnswer(emulator, grant, refreshToken, { refresh_token: refreshToken });
}

function accessTokenAnswer(
  emulator: Exchange['emulator'],
  grant: Grant,
  refreshToken: string,
  more = {},
): Answer {
  const seconds = emulator.settings.accessTokenSeconds;
  const accessToken = emulator.accounts.newAccessToken(grant, refreshToken, seconds);
  // Google hands out 3599 for an hour: a client must go by expires_in, not by a constant.
  const expiresIn = Math.max(0, seconds - 1);
  return jsonAnswer({
    access_token: accessToken,
    expires_in: expiresIn,
    scope: grant.scope,
    token_type: 'Bearer',
    ...more,
  });
}
