// The device flow against the emulated Google: whatever Google, the owner or the network does, the sign-in is right or untouched.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { endpointsOf } from '../../controller/src/auth/endpoints.ts';
import { openHttp } from '../../controller/src/auth/http.ts';
import { google } from '../strategy-b/drive.ts';
import { createLine, createTrial, errorOf, type Trial } from './harness.ts';

let trial: Trial;
beforeEach(async () => {
  trial = await createTrial();
});
afterEach(() => trial.dispose());

const before = {
  client_id: '111-a',
  client_secret: 's',
  refresh_token: 'before',
  account: 'old@example.org',
};

function signedInBefore(): void {
  mkdirSync(dirname(trial.path), { recursive: true });
  writeFileSync(trial.path, JSON.stringify(before), { mode: 0o400 });
}

function approveAt(wait: number): void {
  trial.meanwhile = (waits) => (waits === wait ? trial.decide('approved') : undefined);
}

test('approved: the sign-in is written for strategy B alone, was seen working, and says who it is', async () => {
  approveAt(2);

  const done = await trial.signIn();

  const saved = trial.saved();
  assert.deepEqual([saved.client_id, saved.client_secret], [google.client_id, google.client_secret]);
  assert.match(saved.refresh_token!, /^1\/\//);
  assert.ok(Math.abs(Date.parse(saved.signed_in_at!) - Date.parse(done.signedInAt)) < 1000);
  assert.equal(saved.account, done.account);
  assert.match(done.account!, /@/);
  assert.equal(done.freeBytes, 15 * 2 ** 30);
  assert.deepEqual([trial.files(), trial.mode()], [['google-oauth.json'], 0o400]);
});

test('it polls no faster than Google asks, and slower when it says slow_down', async () => {
  const asked: number[] = [];
  const { waiting } = trial.request();
  let now = 0;
  const sleep = async (ms: number, signal: AbortSignal) => {
    asked.push(ms);
    now += ms;
    // Google's clock stands still after the first wait: the second poll comes too soon for it.
    if (asked.length !== 2) await waiting.sleep(ms, signal);
    if (asked.length === 3) await trial.decide('approved');
  };

  await trial.signIn({ waiting: { now: () => now, sleep } });

  assert.deepEqual(asked, [5000, 5000, 10_000]);
});

test('denied: 22, and the sign-in before is as it was', async () => {
  signedInBefore();
  trial.meanwhile = () => trial.decide('denied');

  await assert.rejects(trial.signIn(), errorOf('credentials-revoked', /denied/));

  assert.deepEqual([trial.files(), trial.saved()], [['google-oauth.json'], before]);
});

test('an expired code is followed by a new one', async () => {
  trial.meanwhile = (waits) => {
    if (waits === 1) return trial.drive.admin('POST clock', { advanceSeconds: 3600 });
    return waits === 2 ? trial.decide('approved') : undefined;
  };

  await trial.signIn();

  assert.deepEqual(
    trial.codes.map(({ again }) => again),
    [false, true],
  );
  assert.notEqual(trial.codes[0]!.userCode, trial.codes[1]!.userCode);
});

test('when nobody comes, it ends after three codes: 11', async () => {
  trial.meanwhile = () => trial.drive.admin('POST clock', { advanceSeconds: 3600 });

  await assert.rejects(trial.signIn(), errorOf('try-later', /3 codes expired/));

  assert.equal(trial.codes.length, 3);
});

for (const [name, params] of [
  ['server-error-503', { match: 'token', times: 2 }],
  ['too-many-429', { match: 'token' }],
  ['reset-before-body', { match: 'token' }],
] as const) {
  test(`${name} between polls does not end the wait`, async () => {
    approveAt(4);
    await trial.drive.fault(name, params);

    await trial.signIn();

    assert.deepEqual(await trial.drive.remainingFaults(), []);
    assert.ok(trial.troubles.length > 0);
    assert.equal(trial.codes.length, 1);
  });
}

test('network down and back: the same code goes on', async (context) => {
  const line = await createLine(trial.drive.ports.http);
  context.after(() => line.cut());
  trial.meanwhile = async (waits) => {
    if (waits === 1) await line.cut();
    if (waits === 4) await line.mend();
    if (waits === 5) await trial.decide('approved');
  };
  const endpoints = endpointsOf({ api: { rootUrl: `${line.url}/`, tokenUrl: `${line.url}/token` } });

  await trial.signIn({ endpoints });

  assert.equal(trial.codes.length, 1);
  assert.equal(trial.troubles.length, 3);
  assert.match(trial.troubles[0]!, /was not reached \((UND_ERR_SOCKET|ECONN\w+)\)/);
});

test('no network from the start: 11 that names the host', async () => {
  const endpoints = endpointsOf({
    api: { rootUrl: 'http://127.0.0.1:9/', tokenUrl: 'http://127.0.0.1:9/token' },
  });

  await assert.rejects(trial.signIn({ endpoints }), errorOf('try-later', /127\.0\.0\.1:9 was not reached/));
});

test('an unknown or wrong kind of client: 3 that names the type that is needed', async () => {
  const client = { client_id: 'nobody', client_secret: 'x' };

  await assert.rejects(trial.signIn({ client }), errorOf('bad-request', /TVs and Limited Input devices/));
});

test('a wrong secret: 3, and nothing is written', async () => {
  signedInBefore();
  const client = { client_id: google.client_id, client_secret: 'canary-wrong' };

  await assert.rejects(trial.signIn({ client }), errorOf('bad-request', /invalid_client/));

  assert.deepEqual(trial.saved(), before);
});

test('revoked between grant and try: 22 with the likely cause, and the sign-in before is back', async () => {
  signedInBefore();
  approveAt(1);
  const request = trial.request();
  const http: typeof request.http = {
    ...request.http,
    postForm: async (url, form) => {
      if (form.grant_type === 'refresh_token') await trial.drive.admin('POST revoke');
      return request.http.postForm(url, form);
    },
  };

  await assert.rejects(
    trial.signIn({ http }),
    errorOf('credentials-revoked', /sign-in before is back.*1\. the consent screen is in "Testing"/),
  );

  assert.deepEqual([trial.files(), trial.saved()], [['google-oauth.json'], before]);
});

test('a Drive that does not answer the try: the new sign-in stays, and so does the one before', async () => {
  signedInBefore();
  approveAt(1);
  await trial.drive.fault('server-error-503', { match: 'about' });

  await assert.rejects(trial.signIn(), errorOf('try-later', /could not be tried.*google-oauth\.json\.bak/));

  assert.match(trial.saved().refresh_token!, /^1\/\//);
  assert.deepEqual(trial.saved('google-oauth.json.bak'), before);
});

test('after an untried one, the .bak is still of the last that worked; it goes when one is tried', async () => {
  signedInBefore();
  approveAt(1);
  await trial.drive.fault('server-error-503', { match: 'about' });
  await assert.rejects(trial.signIn());
  await trial.drive.fault('server-error-503', { match: 'about' });
  trial.meanwhile = () => trial.decide('approved');
  await assert.rejects(trial.signIn());

  const bak = trial.saved('google-oauth.json.bak');
  await trial.signIn();

  assert.deepEqual(bak, before);
  assert.deepEqual(trial.files(), ['google-oauth.json']);
});

test('another project and another account are warned of: they cannot see the backups made so far', async () => {
  signedInBefore();
  approveAt(1);

  const { warnings } = await trial.signIn();

  assert.equal(warnings.length, 2);
  assert.match(warnings.join(), /another Google project.*another account.*old@example\.org/);
});

test('stopped while it waits: 143, and nothing was written', async () => {
  signedInBefore();
  trial.meanwhile = () => trial.stop.abort();

  await assert.rejects(trial.signIn(), errorOf('interrupted', /stopped/));

  assert.deepEqual([trial.files(), trial.saved()], [['google-oauth.json'], before]);
});

test('a hostile answer is no sign-in: too long, no JSON, no code, a code whose address is no web page', async (context) => {
  const bodies = [
    'x'.repeat(2 ** 21),
    '<html>',
    '{}',
    JSON.stringify({
      device_code: 'd',
      user_code: 'u',
      expires_in: 9,
      verification_url: 'file:///etc/passwd',
    }),
  ];
  const server = createServer((_request, response) => response.end(bodies.shift()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const endpoints = endpointsOf({ api: { rootUrl: `${url}/`, tokenUrl: `${url}/token` } });

  for (let i = 0; i < 4; i += 1) {
    await assert.rejects(
      trial.signIn({ endpoints }),
      errorOf('try-later', /was not reached|no code that can be used/),
    );
  }
  assert.equal(bodies.length, 0);
});

test('a silent Google is given up after the deadline', async (context) => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.closeAllConnections());
  context.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = openHttp({ caPem: undefined, signal: trial.stop.signal, timeoutMs: 200 });

  await assert.rejects(http.postForm(url, {}), errorOf('try-later', /no answer within 0\.2 s/));
});

test('a private authority is trusted when it is configured, and only then', async () => {
  const caPem = await (await fetch(`${trial.drive.url}/_emulator/ca.pem`)).text();
  const url = `https://localhost:${trial.drive.ports.https}`;
  const endpoints = endpointsOf({ api: { rootUrl: `${url}/`, tokenUrl: `${url}/token` } });
  approveAt(1);

  await assert.rejects(trial.signIn({ endpoints }), errorOf('try-later', /not trusted here.*caPem/));
  const http = openHttp({ caPem, signal: trial.stop.signal });
  trial.meanwhile = () => trial.decide('approved');
  const done = await trial.signIn({ endpoints, http });

  assert.match(done.account!, /@/);
});
