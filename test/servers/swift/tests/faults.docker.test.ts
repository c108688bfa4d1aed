// Each fault by name: it happens at the request that was chosen, and to no other. Needs Docker.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { type StartedSwift, startSwift } from './started-swift.ts';

const part = randomBytes(300_000);
let swift: StartedSwift;
let account: string;
let token: string;

function call(method: string, path: string, more: RequestInit & { headers?: Record<string, string> } = {}) {
  return fetch(`${account}${path}`, { ...more, method, headers: { 'X-Auth-Token': token, ...more.headers } });
}

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
const bytesOf = async (answer: Response) => new Uint8Array(await answer.arrayBuffer());

async function signIn(): Promise<void> {
  const answer = await fetch(`${swift.url}/auth/v1.0`, {
    headers: { 'X-Auth-User': 'haven:backup', 'X-Auth-Key': 'havenpass' },
  });
  account = answer.headers.get('x-storage-url') ?? '';
  token = answer.headers.get('x-auth-token') ?? '';
}

before(async () => {
  swift = await startSwift();
  await signIn();
  assert.equal((await call('PUT', '/box')).status, 201);
  assert.equal((await call('PUT', '/box/there', { body: part })).status, 201);
});

after(() => swift?.dispose());

afterEach(async () => {
  assert.deepEqual(await swift.remainingFaults(), [], 'every planned fault fired');
});

for (const status of [400, 401, 403, 404, 413, 429, 498, 500, 503, 507]) {
  const names: Record<number, string> = {
    ...{ 400: 'bad-request-400', 401: 'unauthorized-401', 403: 'forbidden-403', 404: 'not-found-404' },
    ...{ 413: 'too-large-413', 429: 'too-many-429', 498: 'rate-limit-498', 500: 'server-error-500' },
    ...{ 503: 'server-error-503', 507: 'full-507' },
  };
  test(`${names[status]}, and nothing is stored`, async () => {
    await swift.fault(names[status] ?? '', { class: 'object', method: 'PUT' });

    const answer = await call('PUT', `/box/refused-${status}`, { body: part });
    const after = await call('HEAD', `/box/refused-${status}`);

    assert.equal(answer.status, status);
    assert.equal(after.status, 404);
  });
}

describe('a planned fault', () => {
  test('waits for its class, its method and its turn, and goes after its times', async () => {
    await swift.fault('server-error-503', {
      class: 'object',
      method: 'GET',
      nth: 2,
      times: 2,
      retryAfter: 7,
    });

    const other = await call('GET', '/box');
    const answers = [];
    for (let n = 0; n < 4; n += 1) answers.push(await call('GET', '/box/there'));

    assert.equal(other.status, 200);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 503, 503, 200],
    );
    assert.equal(answers[1]?.headers.get('retry-after'), '7');
  });

  for (const wrong of [
    { name: 'server-error-504' },
    { name: 'slow' },
    { name: 'stall', class: 'files' },
    { name: 'stall', method: 'PATCH' },
    { name: 'full-507', seconds: 3 },
    { name: 'full-507', times: 0 },
    { name: 'full-507', nth: '1' },
    [],
  ]) {
    test(`is refused when it is misspelt: ${JSON.stringify(wrong)}`, async () => {
      await assert.rejects(swift.admin('POST ', wrong), /400/);
    });
  }

  test('can be forgotten', async () => {
    await swift.fault('full-507');

    await swift.admin('DELETE ');

    assert.equal((await call('GET', '/box/there')).status, 200);
  });
});

describe('on the wire', () => {
  test('reset-inside-body breaks a download', async () => {
    await swift.fault('reset-inside-body', { class: 'object', method: 'GET', afterBytes: 100_000 });

    await assert.rejects(call('GET', '/box/there').then(bytesOf));
  });

  test('reset-inside-body breaks an upload, and nothing is stored', async () => {
    await swift.fault('reset-inside-body', { class: 'object', method: 'PUT', afterBytes: 100_000 });

    await assert.rejects(call('PUT', '/box/broken', { body: part }));

    assert.equal((await call('HEAD', '/box/broken')).status, 404);
  });

  test('answer-lost stores it and says nothing', async () => {
    await swift.fault('answer-lost', { class: 'object', method: 'PUT' });

    await assert.rejects(call('PUT', '/box/unheard', { body: part }));

    assert.equal((await call('HEAD', '/box/unheard')).headers.get('etag'), md5(part));
  });

  test('bit-flip-on-wire changes one bit of an upload, and Swift tells the md5 of what it got', async () => {
    await swift.fault('bit-flip-on-wire', { class: 'object', method: 'PUT', offset: 200_000 });
    const flipped = Buffer.from(part);
    flipped[200_000] = (flipped[200_000] ?? 0) ^ 1;

    const answer = await call('PUT', '/box/flipped', { body: part });

    assert.equal(answer.headers.get('etag'), md5(flipped));
  });

  test('bit-flip-on-wire is refused with 422 where the client sent its md5', async () => {
    await swift.fault('bit-flip-on-wire', { class: 'object', method: 'PUT', offset: 5 });

    const answer = await call('PUT', '/box/refused', { body: part, headers: { ETag: md5(part) } });

    assert.equal(answer.status, 422);
  });

  test('bit-flip-on-wire changes one bit of a download', async () => {
    await swift.fault('bit-flip-on-wire', { class: 'object', method: 'GET', offset: 299_999 });

    const answer = await call('GET', '/box/there');
    const bytes = await bytesOf(answer);

    assert.equal(answer.headers.get('etag'), md5(part));
    assert.equal(bytes[299_999], (part[299_999] ?? 0) ^ 1);
    assert.deepEqual(bytes.subarray(0, 299_999), new Uint8Array(part.subarray(0, 299_999)));
  });

  test('stall keeps the answer back', async () => {
    await swift.fault('stall', { class: 'object', method: 'HEAD', seconds: 1 });
    const begun = performance.now();

    await call('HEAD', '/box/there');

    assert.ok(performance.now() - begun >= 950);
  });

  test('slow lets so many bytes through a second', async () => {
    await swift.fault('slow', { class: 'object', method: 'GET', bytesPerSecond: 300_000 });
    const begun = performance.now();

    const bytes = await call('GET', '/box/there').then(bytesOf);

    assert.ok(performance.now() - begun >= 900);
    assert.deepEqual(bytes, new Uint8Array(part));
  });
});

test('delete-does-nothing says 204, and it is still there', async () => {
  await swift.fault('delete-does-nothing', { class: 'object', method: 'DELETE' });

  const answer = await call('DELETE', '/box/there');

  assert.equal(answer.status, 204);
  assert.equal((await call('HEAD', '/box/there')).status, 200);
});

test('listing-not-json answers as a proxy under maintenance does', async () => {
  await swift.fault('listing-not-json', { class: 'container' });

  const answer = await call('GET', '/box?format=json');

  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /maintenance/);
});

test('expire-tokens makes every token worth nothing', async () => {
  await swift.admin('POST expire-tokens');

  const answer = await call('HEAD', '/box/there');
  await signIn();

  assert.equal(answer.status, 401);
  assert.equal((await call('HEAD', '/box/there')).status, 200);
});

test('what was asked for is remembered, with its class, status and fault', async () => {
  await swift.admin('DELETE requests');
  await swift.fault('full-507', { class: 'container' });

  await call('HEAD', '/box/there');
  await call('GET', '/box');

  const seen = (await swift.requests()).map(({ method, class: kind, status, fault }) => [
    method,
    kind,
    status,
    fault,
  ]);
  assert.deepEqual(seen, [
    ['HEAD', 'object', 200, undefined],
    ['GET', 'container', 507, 'full-507'],
  ]);
});
