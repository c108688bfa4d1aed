/** Each fault over real sockets: what the client sees, what is left in the emulator, and that it is used up. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { type DriveClient, KIB256, loggedIn, noise, type Reply, waitFor } from './drive-client.ts';
import { type StartedEmulator, startEmulator } from './started-emulator.ts';

let emulator: StartedEmulator;
let drive: DriveClient;

before(async () => {
  emulator = await startEmulator();
  drive = await loggedIn(emulator);
});
after(() => emulator.dispose());
afterEach(async () => {
  const left = await emulator.remainingFaults();
  await emulator.admin('DELETE faults');
  assert.deepEqual(left, []);
});

const BYTES = noise(2 * KIB256);
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
const first = (uri: string, options = {}) =>
  drive.chunk(uri, `bytes 0-${KIB256 - 1}/*`, BYTES.subarray(0, KIB256), options);
const rest = (uri: string) =>
  drive.chunk(uri, `bytes ${KIB256}-${2 * KIB256 - 1}/${2 * KIB256}`, BYTES.subarray(KIB256));
const whole = (uri: string) => drive.chunk(uri, `bytes 0-${2 * KIB256 - 1}/${2 * KIB256}`, BYTES);
const persisted = async (uri: string) => (await drive.status(uri)).headers.range;
const reasonOf = (reply: Reply) => reply.json?.error.errors[0].reason;

describe('refusals', () => {
  for (const [name, status, reason] of [
    ['rate-limit-403', 403, 'userRateLimitExceeded'],
    ['too-many-429', 429, 'rateLimitExceeded'],
    ['server-error-500', 500, 'backendError'],
    ['server-error-502', 502, 'backendError'],
    ['server-error-503', 503, 'backendError'],
    ['server-error-504', 504, 'backendError'],
    ['unauthorized-401', 401, 'authError'],
    ['quota-full', 403, 'storageQuotaExceeded'],
  ] as const) {
    test(`${name} on the second list`, async () => {
      await emulator.fault(name, { match: 'list', nth: 2 });

      const replies = [
        await drive.api('GET', 'files'),
        await drive.api('GET', 'files'),
        await drive.api('GET', 'files'),
      ];

      assert.deepEqual(
        replies.map((reply) => reply.status),
        [200, status, 200],
      );
      assert.equal(reasonOf(replies[1]!), reason);
    });
  }

  test('too-many-429 says when to come back', async () => {
    await emulator.fault('too-many-429', { retryAfter: 7 });

    assert.equal((await drive.api('GET', 'files')).headers['retry-after'], '7');
  });

  test('rate-limit-403 with another reason', async () => {
    await emulator.fault('rate-limit-403', { reason: 'dailyLimitExceeded' });

    assert.equal(reasonOf(await drive.api('GET', 'files')), 'dailyLimitExceeded');
  });

  test('api-error says what it is told', async () => {
    await emulator.fault('api-error', {
      status: 403,
      reason: 'numChildrenInNonRootLimitExceeded',
      match: 'create',
    });

    const reply = await drive.api('POST', 'files', {});

    assert.deepEqual([reply.status, reasonOf(reply)], [403, 'numChildrenInNonRootLimitExceeded']);
  });

  test('a server error on the upload side is no JSON, and persists nothing', async () => {
    await emulator.fault('server-error-503', { match: 'upload-chunk' });
    const uri = await drive.session();

    const reply = await first(uri);

    assert.equal(reply.status, 503);
    assert.match(reply.headers['content-type']!, /^text\/html/);
    assert.equal(await persisted(uri), undefined);
  });
});

describe('sessions', () => {
  test('session-gone-404 is for good', async () => {
    const uri = await drive.session();
    await first(uri);
    await emulator.fault('session-gone-404', { match: 'upload-status' });

    const replies = [await drive.status(uri), await drive.status(uri), await rest(uri)];

    assert.deepEqual(
      replies.map(({ status }) => status),
      [404, 404, 404],
    );
  });

  test('session-gone-404 can say 410', async () => {
    const uri = await drive.session();
    await emulator.fault('session-gone-404', { status: 410 });

    assert.equal((await first(uri)).status, 410);
  });

  test('308-without-range persists all the same', async () => {
    const uri = await drive.session();
    await emulator.fault('308-without-range');

    const reply = await first(uri);

    assert.deepEqual([reply.status, reply.headers.range], [308, undefined]);
    assert.equal(await persisted(uri), `bytes=0-${KIB256 - 1}`);
  });

  test('wrong-md5-header lies once', async () => {
    const uri = await drive.session();
    await emulator.fault('wrong-md5-header');
    const right = md5(BYTES.subarray(0, KIB256));

    const replies = [await first(uri), await drive.status(uri)];

    assert.notEqual(replies[0]!.headers['x-range-md5'], right);
    assert.equal(replies[1]!.headers['x-range-md5'], right);
  });

  test('short-persist keeps less than was sent, and the rest can follow', async () => {
    const uri = await drive.session({}, 'fields=md5Checksum');
    await emulator.fault('short-persist');

    const short = await whole(uri);
    const end = await rest(uri);

    assert.deepEqual([short.status, short.headers.range], [308, `bytes=0-${KIB256 - 1}`]);
    assert.equal(short.headers['x-range-md5'], md5(BYTES.subarray(0, KIB256)));
    assert.equal(end.json.md5Checksum, md5(BYTES));
  });

  test('short-persist of everything is a fruitless 308', async () => {
    const uri = await drive.session();
    await emulator.fault('short-persist', { lose: 1e9, times: 2 });

    const replies = [await whole(uri), await whole(uri)];

    assert.deepEqual(
      replies.map(({ status, headers }) => [status, headers.range]),
      [
        [308, undefined],
        [308, undefined],
      ],
    );
  });
});

describe('broken connections', () => {
  test('reset-before-body persists nothing', async () => {
    const uri = await drive.session();
    await emulator.fault('reset-before-body');

    await assert.rejects(first(uri));

    assert.equal(await persisted(uri), undefined);
  });

  test('reset-inside-body leaves a multiple of 256 KiB', async () => {
    const uri = await drive.session();
    await emulator.fault('reset-inside-body', { afterBytes: KIB256 + 5 });

    await assert.rejects(whole(uri));

    assert.equal(await persisted(uri), `bytes=0-${KIB256 - 1}`);
  });

  test('answer-lost persists everything', async () => {
    const uri = await drive.session();
    await emulator.fault('answer-lost');

    await assert.rejects(first(uri));

    assert.equal(await persisted(uri), `bytes=0-${KIB256 - 1}`);
  });

  test('answer-lost on the last chunk: the file exists, and a status query says so', async () => {
    const id = await drive.newId();
    const uri = await drive.session({ id }, 'fields=id,md5Checksum');
    await emulator.fault('answer-lost', { match: 'upload-final' });

    await assert.rejects(whole(uri));

    const reply = await drive.status(uri);
    assert.deepEqual([reply.status, reply.json], [200, { id, md5Checksum: md5(BYTES) }]);
  });

  test('answer-lost on a create: the retry with the same id answers 409', async () => {
    const id = await drive.newId();
    await emulator.fault('answer-lost', { match: 'create' });

    await assert.rejects(drive.api('POST', 'files', { id }));

    assert.equal((await drive.api('POST', 'files', { id })).status, 409);
  });

  test('stall holds a chunk back until the client leaves; its session is free then', async () => {
    const uri = await drive.session();
    await emulator.fault('stall');

    const begun = async () => (await emulator.remainingFaults()).length === 0;

    await assert.rejects(first(uri, { breakAfter: 1000, breakWhen: begun }));

    assert.equal((await first(uri)).status, 308);
  });

  test('a stalled request gives way to a newer one on its session', async () => {
    const uri = await drive.session();
    await emulator.fault('stall');
    const stalled = first(uri);
    const cut = assert.rejects(stalled);
    await waitFor(async () => (await emulator.remainingFaults()).length === 0);

    const reply = await first(uri);

    await cut;
    assert.equal(reply.status, 308);
  });

  test('stall delays any other answer', async () => {
    await emulator.fault('stall', { match: 'list', seconds: 0.3 });
    const start = Date.now();

    await drive.api('GET', 'files');

    assert.ok(Date.now() - start >= 290);
  });

  test('slow takes the time that the rate says, up and down', async () => {
    const uri = await drive.session({}, 'fields=id');
    await emulator.fault('slow', { bytesPerSecond: BYTES.length * 4 });
    const start = Date.now();
    const { json } = await whole(uri);
    const up = Date.now() - start;
    await emulator.fault('slow', { match: 'download', bytesPerSecond: BYTES.length * 4 });

    await drive.api('GET', `files/${json.id}?alt=media`);

    const down = Date.now() - start - up;
    assert.ok(up >= 200, `${up} ms up`);
    assert.ok(down >= 200, `${down} ms down`);
  });
});

describe('wrong bytes', () => {
  test('bit-flip-on-wire shows in X-Range-MD5 and in the checksum of the file', async () => {
    const uri = await drive.session({}, 'fields=md5Checksum');
    await emulator.fault('bit-flip-on-wire', { offset: 1000 });
    const flipped = Buffer.from(BYTES);
    flipped[1000]! ^= 1;

    const chunk = await first(uri);
    const end = await rest(uri);

    assert.equal(chunk.headers['x-range-md5'], md5(flipped.subarray(0, KIB256)));
    assert.equal(end.json.md5Checksum, md5(flipped));
  });

  test('bit-flip-at-rest comes after the acknowledgement and shows at the end', async () => {
    const uri = await drive.session({}, 'fields=md5Checksum');
    await emulator.fault('bit-flip-at-rest', { offset: 5 });
    const flipped = Buffer.from(BYTES);
    flipped[5]! ^= 1;

    const chunk = await first(uri);
    const end = await rest(uri);

    assert.equal(chunk.headers['x-range-md5'], md5(BYTES.subarray(0, KIB256)));
    assert.equal(end.json.md5Checksum, md5(flipped));
  });

  test('bit-flip-at-rest on the last chunk: the answer was right, the metadata then is honest', async () => {
    const uri = await drive.session({}, 'fields=id,md5Checksum');
    await emulator.fault('bit-flip-at-rest', { match: 'upload-final' });

    const { json } = await whole(uri);
    const later = await drive.api('GET', `files/${json.id}?fields=md5Checksum`);

    assert.equal(json.md5Checksum, md5(BYTES));
    assert.notEqual(later.json.md5Checksum, md5(BYTES));
  });

  test('wrong-md5-metadata lies in one answer', async () => {
    const uri = await drive.session({}, 'fields=id,md5Checksum');
    await emulator.fault('wrong-md5-metadata');

    const { json } = await whole(uri);

    assert.notEqual(json.md5Checksum, md5(BYTES));
    assert.equal(
      (await drive.api('GET', `files/${json.id}?fields=md5Checksum`)).json.md5Checksum,
      md5(BYTES),
    );
  });

  test('downloads can be flipped and broken off', async () => {
    const id = await drive.file(BYTES);
    await emulator.fault('bit-flip-on-wire', { match: 'download', offset: 9 });
    const flipped = await drive.api('GET', `files/${id}?alt=media`);
    await emulator.fault('reset-inside-body', { match: 'download', afterBytes: 1000 });

    await assert.rejects(drive.api('GET', `files/${id}?alt=media`));

    assert.equal(flipped.bytes.length, BYTES.length);
    assert.equal(flipped.bytes[9]! ^ 1, BYTES[9]);
    assert.equal(md5((await drive.api('GET', `files/${id}?alt=media`)).bytes), md5(BYTES));
  });
});

describe('behind our back', () => {
  const file = async (fault: string, params = {}) => {
    const uri = await drive.session({ name: fault }, 'fields=id,md5Checksum');
    await emulator.fault(fault, params);
    const { json } = await whole(uri);
    const later = await drive.api('GET', `files/${json.id}?fields=size,md5Checksum,trashed`);
    return { answered: json, later };
  };
  const named = async (name: string) => (await drive.api('GET', `files?q=name%3D'${name}'`)).json.files;

  test('truncate-at-rest comes after the answer, and the metadata then is honest', async () => {
    const { answered, later } = await file('truncate-at-rest', { lose: 10 });

    assert.equal(answered.md5Checksum, md5(BYTES));
    assert.equal(later.json.size, String(BYTES.length - 10));
    assert.equal(later.json.md5Checksum, md5(BYTES.subarray(0, -10)));
  });

  test('missing-md5-metadata leaves it out once', async () => {
    const { answered, later } = await file('missing-md5-metadata');

    assert.equal(answered.md5Checksum, undefined);
    assert.equal(later.json.md5Checksum, md5(BYTES));
  });

  test('trashed-behind and deleted-behind', async () => {
    const trashed = await file('trashed-behind');
    const deleted = await file('deleted-behind');

    assert.equal(trashed.answered.md5Checksum, md5(BYTES));
    assert.equal(trashed.later.json.trashed, true);
    assert.equal(deleted.answered.md5Checksum, md5(BYTES));
    assert.equal(deleted.later.status, 404);
  });

  test('duplicate-file makes a second one of the same name', async () => {
    const { answered } = await file('duplicate-file');

    const twins = await named('duplicate-file');

    assert.equal(twins.length, 2);
    assert.equal(new Set(twins.map(({ id }: { id: string }) => id).concat(answered.id)).size, 2);
  });
});

describe('lists', () => {
  test('list-lag hides what is young, once', async () => {
    await drive.file('x', { name: 'young' });
    await emulator.fault('list-lag', { by: 'name' });
    const list = async (q: string) =>
      (await drive.api('GET', `files?q=${encodeURIComponent(q)}`)).json.files.length;

    const byKind = await list("mimeType != 'x'");
    const byName = [await list("name = 'young'"), await list("name = 'young'")];

    assert.ok(byKind > 0);
    assert.deepEqual(byName, [0, 1]);
  });

  test('incomplete-list says that it is', async () => {
    await emulator.fault('incomplete-list');

    const { json } = await drive.api('GET', 'files?fields=incompleteSearch,files(id)');

    assert.deepEqual(json, { incompleteSearch: true, files: [] });
  });

  test('page-token-rejected-400 refuses a good token', async () => {
    await drive.file('1');
    await drive.file('2');
    await emulator.fault('page-token-rejected-400');
    const first = await drive.api('GET', 'files?pageSize=1');
    const next = () => drive.api('GET', `files?pageSize=1&pageToken=${first.json.nextPageToken}`);

    const replies = [await next(), await next()];

    assert.deepEqual(
      replies.map(({ status }) => status),
      [400, 200],
    );
  });
});

test('fruitless-308 keeps nothing, and what was there stays', async () => {
  const uri = await drive.session({}, 'fields=md5Checksum');
  await first(uri);
  await emulator.fault('fruitless-308');

  const replies = [await rest(uri), await rest(uri)];

  assert.deepEqual([replies[0]!.status, replies[0]!.headers.range], [308, `bytes=0-${KIB256 - 1}`]);
  assert.equal(replies[1]!.json.md5Checksum, md5(BYTES));
});

test('a download stalls in the middle until the client leaves', async () => {
  const id = await drive.file(BYTES);
  await emulator.fault('stall', { match: 'download', afterBytes: 1000, seconds: 0.2 });

  await assert.rejects(drive.api('GET', `files/${id}?alt=media`));
});

test('nonsense-200 is no JSON', async () => {
  await emulator.fault('nonsense-200', { match: 'list' });

  const { status, json, text } = await drive.api('GET', 'files');

  assert.deepEqual([status, json], [200, undefined]);
  assert.match(text, /Welcome/);
});

test('the catalogue names everything that can be planned', async () => {
  const { faults, classes, settings, corruptions } = await emulator.admin('GET catalogue');

  for (const [names, known] of [
    [faults, 'fruitless-308'],
    [classes, 'upload-final'],
    [settings, 'dailyUploadLimitBytes'],
    [corruptions, 'trash'],
  ] as const)
    assert.ok((names as string[]).includes(known), known);
});

describe('the token endpoint', () => {
  test('can fail like everything else', async () => {
    await emulator.fault('server-error-503', { match: 'token' });

    await assert.rejects(drive.login());
    await drive.login();
  });

  test('grant-revoked-400 is invalid_grant', async () => {
    await emulator.fault('grant-revoked-400');

    await assert.rejects(drive.login(), /400/);
  });
});

test('an unused fault is reported', async () => {
  await emulator.fault('stall', { nth: 99 });

  const [left] = (await emulator.remainingFaults()) as { name: string; nth: number }[];

  await emulator.admin('DELETE faults');
  assert.deepEqual([left?.name, left?.nth], ['stall', 99]);
});
