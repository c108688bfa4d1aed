// The loopback flow against the emulated Google, by real requests to the real port.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, test } from 'node:test';
import type { SignInRequest } from '../../controller/src/auth/sign-in.ts';
import { createTrial, errorOf, type Trial } from './harness.ts';

let trial: Trial;
let ready: PromiseWithResolvers<{ url: string; port: number }>;
let paste: (line: string) => void;
beforeEach(async () => {
  trial = await createTrial();
  ready = Promise.withResolvers();
});
afterEach(() => trial.dispose());

/** Begins a sign-in that waits for ever unless told otherwise. */
function begin(port = 0, change: Partial<SignInRequest> = {}) {
  const lines = new ReadableStream<string>({
    start: (controller) => {
      paste = (line) => controller.enqueue(line);
    },
  });
  const waiting = {
    now: Date.now,
    sleep: (_ms: number, signal: AbortSignal) =>
      new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  };
  const onReady = (facts: { url: string; port: number }) => ready.resolve(facts);
  const done = trial.signIn({ waiting, way: { kind: 'loopback', port, lines, onReady }, ...change });
  done.catch((error) => ready.reject(error));
  ready.promise.catch(() => {});
  return done;
}

/** What Google's page does once the owner has allowed it: where the browser is sent. */
async function allowed(): Promise<URL> {
  const { url } = await ready.promise;
  return new URL((await fetch(url, { redirect: 'manual' })).headers.get('location')!);
}

async function visit(url: URL | string): Promise<{ status: number; text: string }> {
  const answer = await fetch(url);
  return { status: answer.status, text: await answer.text() };
}

test('a browser comes back: signed in, and the page says so', async () => {
  const done = begin();

  const page = await visit(await allowed());
  const { account } = await done;

  assert.equal(page.status, 200);
  assert.match(page.text, /signed in.*You may close this page/);
  assert.match(account!, /@/);
  assert.match(trial.saved().refresh_token!, /^1\/\//);
});

test('the address holds a challenge and no secret', async () => {
  const done = begin();
  const { url } = await ready.promise;
  const query = new URL(url).searchParams;

  assert.deepEqual([...query.keys()].sort(), [
    ...['access_type', 'client_id', 'code_challenge', 'code_challenge_method'],
    ...['prompt', 'redirect_uri', 'response_type', 'scope', 'state'],
  ]);
  assert.equal(query.get('code_challenge_method'), 'S256');
  assert.doesNotMatch(url, /secret-1/);
  await visit(await allowed());
  await done;
});

test('another state is refused, and the wait goes on', async () => {
  const done = begin();
  const right = await allowed();
  const wrong = new URL(right);
  wrong.searchParams.set('state', 'guess');
  const without = new URL(right);
  without.searchParams.delete('state');

  const pages = [await visit(wrong), await visit(without)];
  await visit(right);
  await done;

  assert.deepEqual(
    pages.map(({ status }) => status),
    [400, 400],
  );
});

test('a wrong code is told in the browser and in the terminal, and the wait goes on', async () => {
  const done = begin();
  const right = await allowed();
  const wrong = new URL(right);
  wrong.searchParams.set('code', 'canary-wrong-code');

  const page = await visit(wrong);
  await visit(right);
  await done;

  assert.equal(page.status, 400);
  assert.match(trial.troubles[0]!, /does not take this code/);
});

test('two tabs at once: one sign-in, both pages are content', async () => {
  const done = begin();
  const [first, second] = [await allowed(), await allowed()];

  const pages = await Promise.all([visit(first), visit(second)]);
  await done;

  assert.deepEqual(
    pages.map(({ status }) => status),
    [200, 200],
  );
  const tokens = await trial.drive.requests('token');
  assert.equal(tokens.length, 2); // one code, one refresh
});

test('denied in the browser: 22', async () => {
  const done = begin();
  const back = await allowed();
  back.searchParams.delete('code');
  back.searchParams.set('error', 'access_denied');

  const [page] = await Promise.all([
    visit(back),
    assert.rejects(done, errorOf('credentials-revoked', /denied/)),
  ]);

  assert.match(page.text, /denied/);
});

test('a pasted address does as well, after others that do not', async () => {
  const done = begin();
  const back = await allowed();
  const wrong = new URL(back);
  wrong.searchParams.set('state', 'guess');

  paste('');
  paste('what?');
  paste(wrong.href);
  paste(`  ${back.href}\r`);
  await done;

  assert.match(trial.troubles.join('|'), /neither the address.*\|.*another sign-in/);
});

test('a pasted code does as well', async () => {
  const done = begin();

  paste((await allowed()).searchParams.get('code')!);

  assert.match((await done).account!, /@/);
});

test('it answers on 127.0.0.1 only, to its own name only, and to nothing but GET /', async () => {
  const done = begin();
  const { port } = await ready.promise;
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

  const rebound = await statusFor(port, 'GET', '/?state=x', 'evil.example');
  const posted = await statusFor(port, 'POST', '/', `127.0.0.1:${port}`);
  const elsewhere = await statusFor(port, 'GET', '/favicon.ico', `127.0.0.1:${port}`);
  if (outside !== undefined) await assert.rejects(visit(`http://${outside}:${port}/`));
  trial.stop.abort();

  assert.deepEqual([rebound, posted, elsewhere], [403, 403, 404]);
  await assert.rejects(done, errorOf('interrupted', /stopped/));
});

test('a port that is taken: 3 that names it', async () => {
  const done = begin();
  const { port } = await ready.promise;
  const way: SignInRequest['way'] = {
    kind: 'loopback',
    port,
    lines: (async function* () {})(),
    onReady: () => {},
  };

  await assert.rejects(
    trial.signIn({ way }),
    errorOf('bad-request', new RegExp(`127.0.0.1:${port}.*EADDRINUSE`)),
  );

  trial.stop.abort();
  await assert.rejects(done);
});

test('when nothing comes back it ends: 11', async () => {
  const waiting = { now: Date.now, sleep: async () => {} };

  await assert.rejects(begin(0, { waiting }), errorOf('try-later', /nothing came back.*15 minutes/));
});

function statusFor(port: number, method: string, path: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', method, path, headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    sent.on('error', reject);
    sent.end();
  });
}
