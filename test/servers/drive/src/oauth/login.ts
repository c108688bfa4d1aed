/** The ways to a first refresh token: the device flow, and the browser's page for a loopback redirect. */
import { randomInt } from 'node:crypto';
import type { Exchange } from '../exchange.ts';
import { type Answer, emptyAnswer, jsonAnswer, textAnswer } from '../http/answer.ts';
import { oauthRefusal } from '../http/refusal.ts';
import { readBody } from '../http/request-body.ts';

const DEVICE_SCOPES = [
  'email',
  'openid',
  'profile',
  'https://www.googleapis.com/auth/drive.appdata',
  'https://www.googleapis.com/auth/drive.file',
  'https://www.googleapis.com/auth/youtube',
  'https://www.googleapis.com/auth/youtube.readonly',
];
const CODE_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const DEVICE_SECONDS = 1800;
const DEVICE_INTERVAL_SECONDS = 5;

/** POST /device/code. Nobody types the code in here: a test decides by POST /_emulator/device. */
export async function deviceCode({ request, emulator }: Exchange): Promise<Answer> {
  const form = new URLSearchParams((await readBody(request)).toString('utf8'));
  const clientId = form.get('client_id') ?? '';
  if (emulator.accounts.clientSecret(clientId) === undefined) {
    throw oauthRefusal(401, 'invalid_client', 'The OAuth client was not found.');
  }
  const scope = form.get('scope') ?? '';
  const refused = scope.split(' ').find((name) => !DEVICE_SCOPES.includes(name));
  if (refused !== undefined) {
    throw oauthRefusal(400, 'invalid_scope', `Invalid device flow scope: ${refused}`);
  }
  const letters = Array.from({ length: 8 }, () => CODE_LETTERS[randomInt(CODE_LETTERS.length)]).join('');
  const userCode = `${letters.slice(0, 4)}-${letters.slice(4)}`;
  const device = emulator.accounts.addDevice({
    clientId,
    scope,
    userCode,
    state: 'pending',
    intervalMs: DEVICE_INTERVAL_SECONDS * 1000,
    lastPollAt: 0,
    expiresAt: emulator.clock.now() + DEVICE_SECONDS * 1000,
  });
  return jsonAnswer({
    device_code: device,
    user_code: userCode,
    expires_in: DEVICE_SECONDS,
    interval: DEVICE_INTERVAL_SECONDS,
    verification_url: 'https://www.google.com/device',
  });
}

/** GET /o/oauth2/v2/auth: the owner consents at once, and the browser is sent to the loopback address with a code. */
export function consent({ query, emulator }: Exchange): Answer {
  const clientId = query.get('client_id') ?? '';
  const redirectUri = query.get('redirect_uri') ?? '';
  if (emulator.accounts.clientSecret(clientId) === undefined) {
    return textAnswer('Error 401: invalid_client', 401);
  }
  // No copy-and-paste address (urn:ietf:wg:oauth:2.0:oob) and no plain http across a network: Google removed both.
  if (!/^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/|$)/.test(redirectUri)) {
    return textAnswer('Error 400: redirect_uri_mismatch', 400);
  }
  const challenge = query.get('code_challenge');
  const code = emulator.accounts.addCode({
    clientId,
    scope: query.get('scope') ?? '',
    redirectUri,
    ...(challenge !== null && { challenge, challengeMethod: query.get('code_challenge_method') ?? 'plain' }),
    expiresAt: emulator.clock.now() + 600_000,
  });
  const target = new URL(redirectUri);
  target.searchParams.set('code', code);
  target.searchParams.set('scope', query.get('scope') ?? '');
  const state = query.get('state');
  if (state !== null) {
    target.searchParams.set('state', state);
  }
  return emptyAnswer(302, { Location: target.href });
}

/** POST /revoke, as the owner's "remove access" or a client's logout. */
export async function revoke({ request, query, emulator }: Exchange): Promise<Answer> {
  const form = new URLSearchParams((await readBody(request)).toString('utf8'));
  const token = form.get('token') ?? query.get('token') ?? '';
  if (!emulator.accounts.revokeRefreshToken(token)) {
    throw oauthRefusal(400, 'invalid_token', 'Token expired or revoked');
  }
  return jsonAnswer({});
}
