/** Logins, tokens and what they may see. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { call, type DriveClient, loggedIn, token } from '../drive-client.ts';
import { CLIENT, type StartedEmulator, startEmulator } from '../started-emulator.ts';

const DRIVE_FILE = 'https://www.googleapis.com/auth/drive.file';
const ME = { client_id: CLIENT.id, client_secret: CLIENT.secret };
const REFRESH = { ...ME, grant_type: 'refresh_token', refresh_token: CLIENT.refreshToken };

let emulator: StartedEmulator;
let drive: DriveClient;

before(async () => {
  emulator = await startEmulator();
  drive = await loggedIn(emulator);
});
after(() => emulator.dispose());

describe('refreshing', () => {
  test('gives a bearer token, how long it lasts, and no new refresh token', async () => {
    const { status, json } = await token(emulator, REFRESH);

    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json).sort(), ['access_token', 'expires_in', 'scope', 'token_type']);
    assert.equal(json.expires_in, 3599);
  });

  for (const [what, change, status, error] of [
    ['an unknown client', { client_id: 'nobody' }, 401, 'invalid_client'],
    ['a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client'],
    ['an unknown refresh token', { refresh_token: 'wrong' }, 400, 'invalid_grant'],
    ['an unknown grant', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
  ] as const) {
    test(`${what}: ${status} ${error}`, async () => {
      const reply = await token(emulator, { ...REFRESH, ...change });

      assert.equal(reply.status, status);
      assert.equal(reply.json.error, error);
    });
  }

  test('a client may name itself by Basic authentication', async () => {
    const basic = Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64');

    const reply = await call('POST', `${emulator.url}/token`, {
      headers: { Authorization: `Basic ${basic}` },
      body: `grant_type=refresh_token&refresh_token=${CLIENT.refreshToken}`,
    });

    assert.equal(reply.status, 200);
  });
});

describe('a token', () => {
  test('missing or wrong: 401 authError with WWW-Authenticate', async () => {
    for (const headers of [{}, { Authorization: 'Bearer wrong' }]) {
      const reply = await call('GET', `${emulator.url}/drive/v3/files`, {
        headers: headers as Record<string, string>,
      });

      assert.equal(reply.status, 401);
      assert.equal(reply.json.error.errors[0].reason, 'authError');
      assert.match(String(reply.headers['www-authenticate']), /^Bearer .*invalid_token/);
    }
  });

  test('ends after an hour of the injected clock', async () => {
    await drive.login();
    await emulator.admin('POST clock', { advanceSeconds: 3599 });
    const inTime = await drive.api('GET', 'files');
    await emulator.admin('POST clock', { advanceSeconds: 2 });

    const late = await drive.api('GET', 'files');

    assert.deepEqual([inTime.status, late.status], [200, 401]);
    await drive.login();
  });

  test('of all clients can be made to end at once', async () => {
    await emulator.admin('POST expire-access-tokens');

    assert.equal((await drive.api('GET', 'files')).status, 401);
    await drive.login();
  });
});

describe('the scope drive.file', () => {
  test('sees only what its own project made, and appProperties are private to it', async () => {
    const id = await drive.file('mine', { appProperties: { k: 'v' } });
    const scope = `${DRIVE_FILE} https://www.googleapis.com/auth/drive`;
    await emulator.admin('POST clients', {
      clientId: 'other',
      clientSecret: 's',
      refreshTokens: ['other-1'],
    });
    await emulator.admin('POST clients', {
      clientId: 'wide',
      clientSecret: 's',
      refreshTokens: ['wide-1'],
      scope,
    });
    const as = async (client_id: string, refresh_token: string) => {
      const { json } = await token(emulator, {
        grant_type: 'refresh_token',
        client_id,
        client_secret: 's',
        refresh_token,
      });
      const headers = { Authorization: `Bearer ${json.access_token}` };
      return call('GET', `${emulator.url}/drive/v3/files/${id}?fields=id,appProperties`, { headers });
    };

    const other = await as('other', 'other-1');
    const wide = await as('wide', 'wide-1');

    assert.equal(other.status, 404);
    assert.deepEqual(wide.json, { id });
  });
});

describe('the device flow', () => {
  const start = (scope: string) =>
    call('POST', `${emulator.url}/device/code`, {
      body: new URLSearchParams({ client_id: CLIENT.id, scope }).toString(),
    });
  const poll = (device_code: string) =>
    token(emulator, { ...ME, grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code });
  const wait = () => emulator.admin('POST clock', { advanceSeconds: 6 });

  test('pending 428, too fast 403 slow_down, approved: both tokens', async () => {
    const { json } = await start(DRIVE_FILE);
    const pending = await poll(json.device_code);
    const tooFast = await poll(json.device_code);
    await wait();
    await emulator.admin('POST device', { userCode: json.user_code, decision: 'approved' });

    const done = await poll(json.device_code);

    assert.equal(json.verification_url, 'https://www.google.com/device');
    assert.deepEqual([pending.status, pending.json.error], [428, 'authorization_pending']);
    assert.deepEqual([tooFast.status, tooFast.json.error], [403, 'slow_down']);
    assert.equal(done.status, 200);
    assert.equal((await token(emulator, { ...REFRESH, refresh_token: done.json.refresh_token })).status, 200);
    assert.equal((await poll(json.device_code)).status, 400);
  });

  test('denied: 403 access_denied', async () => {
    const { json } = await start(DRIVE_FILE);
    await emulator.admin('POST device', { userCode: json.user_code, decision: 'denied' });

    assert.equal((await poll(json.device_code)).json.error, 'access_denied');
  });

  test('the whole of Drive is not on offer: invalid_scope', async () => {
    const { status, json } = await start('https://www.googleapis.com/auth/drive');

    assert.deepEqual([status, json.error], [400, 'invalid_scope']);
  });
});

describe('the loopback flow', () => {
  const REDIRECT = 'http://127.0.0.1:5555/back';
  const consent = (more: Record<string, string>) =>
    call(
      'GET',
      `${emulator.url}/o/oauth2/v2/auth?${new URLSearchParams({ client_id: CLIENT.id, redirect_uri: REDIRECT, response_type: 'code', scope: DRIVE_FILE, ...more })}`,
    );
  const exchange = (code: string, code_verifier: string) =>
    token(emulator, { ...ME, grant_type: 'authorization_code', code, code_verifier, redirect_uri: REDIRECT });

  test('a code is good once, with its verifier', async () => {
    const code_challenge = createHash('sha256').update('verifier').digest('base64url');
    const pkce = { code_challenge, code_challenge_method: 'S256', state: 's1' };
    const codeOf = async () => new URL((await consent(pkce)).headers.location!).searchParams;
    const back = await codeOf();

    const good = await exchange(back.get('code')!, 'verifier');
    const again = await exchange(back.get('code')!, 'verifier');
    const stolen = await exchange((await codeOf()).get('code')!, 'guess');

    assert.equal(back.get('state'), 's1');
    assert.ok(good.json.refresh_token);
    assert.deepEqual([again.json.error, stolen.json.error], ['invalid_grant', 'invalid_grant']);
  });

  test('neither copy-and-paste nor another host is redirected to', async () => {
    for (const redirect_uri of ['urn:ietf:wg:oauth:2.0:oob', 'http://nas.lan/back']) {
      assert.equal((await consent({ redirect_uri })).status, 400);
    }
  });
});

test('after a revocation: invalid_grant, and the access tokens are dead too', async () => {
  await emulator.admin('POST clients', { clientId: 'r', clientSecret: 's', refreshTokens: ['r-1'] });
  const form = { grant_type: 'refresh_token', client_id: 'r', client_secret: 's', refresh_token: 'r-1' };
  const { json } = await token(emulator, form);
  await emulator.admin('POST revoke', { refreshToken: 'r-1' });

  const refresh = await token(emulator, form);
  const use = await call('GET', `${emulator.url}/drive/v3/files`, {
    headers: { Authorization: `Bearer ${json.access_token}` },
  });

  assert.deepEqual([refresh.status, refresh.json.error], [400, 'invalid_grant']);
  assert.equal(use.status, 401);
});
