/** The rules of resumable uploads, one test each, over real sockets. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { call, type DriveClient, KIB256, loggedIn, noise } from '../drive-client.ts';
import { type StartedEmulator, startEmulator } from '../started-emulator.ts';

let emulator: StartedEmulator;
let drive: DriveClient;

before(async () => {
  emulator = await startEmulator();
  drive = await loggedIn(emulator);
});
after(() => emulator.dispose());

const hash = (name: string, bytes: Uint8Array) => createHash(name).update(bytes).digest('hex');
const blobSizes = () =>
  readdirSync(join(emulator.state, 'blobs')).map(
    (name) => statSync(join(emulator.state, 'blobs', name)).size,
  );
const DEAD_RULE = /required to be equal or greater than 262144.*contained 1024 bytes/;

describe('starting', () => {
  test('answers 200 with the session in Location and no body', async () => {
    const reply = await drive.start({ name: 'x' });

    assert.equal(reply.status, 200);
    assert.equal(reply.headers['content-length'], '0');
    assert.match(reply.headers.location!, /\/upload\/drive\/v3\/files\?.*upload_id=/);
    assert.ok(reply.headers['x-guploader-uploadid']);
  });

  test('needs a token', async () => {
    const reply = await call('POST', `${emulator.url}/upload/drive/v3/files?uploadType=resumable`);

    assert.equal(reply.status, 401);
  });

  test('metadata needs application/json', async () => {
    const reply = await drive.start({ name: 'x' }, '', { 'Content-Type': 'text/plain' });

    assert.equal(reply.status, 400);
  });

  test('an unknown field in the mask is refused at once', async () => {
    assert.equal((await drive.start({}, 'fields=id,nonsense')).status, 400);
  });

  test('an unknown parent is refused at once', async () => {
    assert.equal((await drive.start({ parents: ['nobody'] })).status, 404);
  });
});

describe('chunks', () => {
  test('308 Resume Incomplete, what is persisted in Range, its MD5 beside it, no Location', async () => {
    const bytes = noise(2 * KIB256);
    const uri = await drive.session();

    const first = await drive.chunk(uri, `bytes 0-${KIB256 - 1}/*`, bytes.subarray(0, KIB256));
    const second = await drive.chunk(uri, `bytes ${KIB256}-${2 * KIB256 - 1}/*`, bytes.subarray(KIB256));

    assert.equal(first.status, 308);
    assert.equal(first.reason, 'Resume Incomplete');
    assert.equal(first.headers.range, `bytes=0-${KIB256 - 1}`);
    assert.equal(first.headers['x-range-md5'], hash('md5', bytes.subarray(0, KIB256)));
    assert.equal(first.headers.location, undefined);
    assert.equal(first.headers['content-length'], '0');
    assert.equal(second.headers.range, `bytes=0-${2 * KIB256 - 1}`);
    assert.equal(second.headers['x-range-md5'], hash('md5', bytes));
  });

  test('without a persisted byte there is no Range', async () => {
    const reply = await drive.status(await drive.session());

    assert.equal(reply.status, 308);
    assert.equal(reply.headers.range, undefined);
    assert.equal(reply.headers['x-range-md5'], undefined);
  });

  test('one that is not the last must be a multiple of 256 KiB: 400 in plain text, and the session is dead', async () => {
    const uri = await drive.session();

    const reply = await drive.chunk(uri, 'bytes 0-1023/*', noise(1024));
    const later = await drive.chunk(uri, `bytes 0-${KIB256 - 1}/*`, noise(KIB256));
    const status = await drive.status(uri);

    assert.equal(reply.status, 400);
    assert.match(reply.headers['content-type']!, /^text\/plain/);
    assert.match(reply.text, DEAD_RULE);
    assert.deepEqual([later.status, status.status], [400, 400]);
    assert.match(later.text, DEAD_RULE);
  });

  test('a small one with a total beyond its end is not the last', async () => {
    const reply = await drive.chunk(await drive.session(), 'bytes 0-1023/4096', noise(1024));

    assert.match(reply.text, DEAD_RULE);
  });

  test('a Content-Range that can not be parsed: 400 in plain text, and the session is dead', async () => {
    for (const range of ['*/*', 'bytes 0--1/0', 'bytes 5-1/9']) {
      const uri = await drive.session();

      const reply = await drive.chunk(uri, range);
      const later = await drive.status(uri);

      assert.equal(reply.status, 400, range);
      assert.equal(reply.text, 'Failed to parse Content-Range header.');
      assert.equal(later.status, 400);
    }
  });

  test('bytes sent again are ignored: what is persisted stays', async () => {
    const bytes = noise(2 * KIB256);
    const changed = Buffer.from(bytes);
    changed.fill(0, 0, KIB256);
    const uri = await drive.session({}, 'fields=md5Checksum');
    await drive.chunk(uri, `bytes 0-${KIB256 - 1}/*`, bytes.subarray(0, KIB256));

    const reply = await drive.chunk(uri, `bytes 0-${2 * KIB256 - 1}/${2 * KIB256}`, changed);

    assert.equal(reply.status, 200);
    assert.equal(reply.json.md5Checksum, hash('md5', bytes));
  });

  test('a gap is refused and nothing is persisted', async () => {
    const uri = await drive.session();

    const reply = await drive.chunk(uri, `bytes ${KIB256}-${2 * KIB256 - 1}/*`, noise(KIB256));

    assert.equal(reply.status, 400);
    assert.equal((await drive.status(uri)).headers.range, undefined);
  });

  test('a body of another length than its range is refused and nothing is persisted', async () => {
    for (const size of [KIB256 - 1, KIB256 + 1]) {
      const uri = await drive.session();

      const reply = await drive.chunk(uri, `bytes 0-${KIB256 - 1}/*`, noise(size));

      assert.equal(reply.status, 400);
      assert.match(reply.text, new RegExp(`There were ${size} byte`));
      assert.equal((await drive.status(uri)).headers.range, undefined);
    }
  });

  test('a body that breaks off leaves a multiple of 256 KiB', async () => {
    const bytes = noise(3 * KIB256);
    const uri = await drive.session();
    const arrived = () => blobSizes().includes(KIB256 + 5000);
    const broken = drive.chunk(uri, `bytes 0-${3 * KIB256 - 1}/*`, bytes, {
      breakAfter: KIB256 + 5000,
      breakWhen: arrived,
    });

    await assert.rejects(broken);
    const reply = await drive.status(uri);

    assert.equal(reply.headers.range, `bytes=0-${KIB256 - 1}`);
    assert.equal(reply.headers['x-range-md5'], hash('md5', bytes.subarray(0, KIB256)));
  });

  test('POST works as PUT does, and a session needs no token beside its secret URI', async () => {
    const uri = await drive.session();

    const reply = await call('POST', uri, { headers: { 'Content-Range': 'bytes 0-4/5' }, body: 'hello' });

    assert.equal(reply.status, 200);
  });

  test('a token that is sent must be good', async () => {
    const uri = await drive.session();

    const reply = await call('PUT', uri, {
      headers: { 'Content-Range': 'bytes */*', Authorization: 'Bearer old' },
    });

    assert.equal(reply.status, 401);
    assert.equal((await drive.status(uri)).status, 308);
  });

  test('X-GUploader-No-308: 200 with the real status in a header', async () => {
    const uri = await drive.session();

    const reply = await drive.chunk(uri, 'bytes */*', Buffer.alloc(0), {
      headers: { 'X-GUploader-No-308': 'yes' },
    });

    assert.equal(reply.status, 200);
    assert.equal(reply.headers['x-http-status-code-override'], '308');
  });
});

describe('finishing', () => {
  test('the last chunk carries the total; the answer is shaped by the fields of the start', async () => {
    const bytes = noise(KIB256 + 1000);
    const uri = await drive.session(
      { name: 'n' },
      'fields=name,size,md5Checksum,sha1Checksum,sha256Checksum',
    );
    await drive.chunk(uri, `bytes 0-${KIB256 - 1}/*`, bytes.subarray(0, KIB256));

    const reply = await drive.chunk(
      uri,
      `bytes ${KIB256}-${bytes.length - 1}/${bytes.length}`,
      bytes.subarray(KIB256),
    );

    assert.equal(reply.status, 200);
    assert.deepEqual(reply.json, {
      name: 'n',
      size: String(bytes.length),
      md5Checksum: hash('md5', bytes),
      sha1Checksum: hash('sha1', bytes),
      sha256Checksum: hash('sha256', bytes),
    });
  });

  test('an empty request with the total ends a stream that ended on a border', async () => {
    const uri = await drive.session({}, 'fields=size');
    await drive.chunk(uri, `bytes 0-${KIB256 - 1}/*`, noise(KIB256));

    const reply = await drive.chunk(uri, `bytes */${KIB256}`);

    assert.equal(reply.status, 200);
    assert.equal(reply.json.size, String(KIB256));
  });

  test('a total beyond what is persisted is only a question', async () => {
    const uri = await drive.session();
    await drive.chunk(uri, `bytes 0-${KIB256 - 1}/*`, noise(KIB256));

    const reply = await drive.chunk(uri, `bytes */${KIB256 + 1}`);

    assert.equal(reply.status, 308);
  });

  test('an empty file: bytes */0', async () => {
    const reply = await drive.chunk(await drive.session({}, 'fields=size,md5Checksum'), 'bytes */0');

    assert.deepEqual(reply.json, { size: '0', md5Checksum: hash('md5', Buffer.alloc(0)) });
  });

  test('without Content-Range the body is the whole file', async () => {
    const uri = await drive.session({}, 'fields=size');

    const reply = await call('PUT', uri, { body: noise(1000) });

    assert.equal(reply.json.size, '1000');
  });

  test("Python's inverted range is refused, and accepted by the switch", async () => {
    const strict = await drive.session();
    await drive.chunk(strict, `bytes 0-${KIB256 - 1}/*`, noise(KIB256));
    const refused = await drive.chunk(strict, `bytes ${KIB256}-${KIB256 - 1}/${KIB256}`);
    await emulator.admin('POST settings', { acceptInvertedFinalRange: true });
    const tolerant = await drive.session();
    await drive.chunk(tolerant, `bytes 0-${KIB256 - 1}/*`, noise(KIB256));

    const accepted = await drive.chunk(tolerant, `bytes ${KIB256}-${KIB256 - 1}/${KIB256}`);

    await emulator.admin('POST settings', { acceptInvertedFinalRange: false });
    assert.deepEqual([refused.status, accepted.status], [400, 200]);
  });

  test('a declared length must come true', async () => {
    const uri = await drive.session({}, '', { 'X-Upload-Content-Length': '6' });

    const wrong = await drive.chunk(uri, 'bytes 0-4/5', Buffer.from('hello'));
    const right = await drive.chunk(uri, 'bytes 0-5/6', Buffer.from('hello!'));

    assert.deepEqual([wrong.status, right.status], [400, 200]);
  });

  test('afterwards every request gets the same file again, and none makes a second one', async () => {
    const uri = await drive.session({ name: 'only-once' }, 'fields=id');
    const reply = await drive.chunk(uri, 'bytes 0-4/5', Buffer.from('hello'));

    const again = await drive.chunk(uri, 'bytes 0-4/5', Buffer.from('hello'));
    const status = await drive.status(uri);

    assert.deepEqual([again.status, status.status], [200, 200]);
    assert.deepEqual([again.json, status.json], [reply.json, reply.json]);
    const list = await drive.api('GET', `files?q=${encodeURIComponent("name = 'only-once'")}`);
    assert.equal(list.json.files.length, 1);
  });

  test('nothing can be seen before the end', async () => {
    const id = await drive.newId();
    const uri = await drive.session({ id, name: 'unborn' });
    await drive.chunk(uri, `bytes 0-${KIB256 - 1}/*`, noise(KIB256));

    const get = await drive.api('GET', `files/${id}`);
    const list = await drive.api('GET', `files?q=${encodeURIComponent("name = 'unborn'")}`);

    assert.equal(get.status, 404);
    assert.deepEqual(list.json.files, []);
  });

  test('PATCH gives a file new content under the same id', async () => {
    const id = await drive.file('old', { name: 'kept' });
    const start = await call(
      'PATCH',
      `${emulator.url}/upload/drive/v3/files/${id}?uploadType=resumable&fields=id,name,size`,
      {
        headers: { Authorization: `Bearer ${drive.accessToken}` },
      },
    );

    const reply = await drive.chunk(start.headers.location!, 'bytes 0-3/4', Buffer.from('new!'));

    assert.deepEqual(reply.json, { id, name: 'kept', size: '4' });
    assert.equal((await drive.api('GET', `files/${id}?alt=media`)).text, 'new!');
  });
});

describe('ids', () => {
  test('an id from generateIds is taken', async () => {
    const id = await drive.newId();

    assert.equal(await drive.file('x', { id }), id);
  });

  test("an id of one's own making is refused", async () => {
    assert.equal((await drive.start({ id: 'my-own-id' })).status, 400);
  });

  test('a used id answers 409 and makes no second file', async () => {
    const id = await drive.newId();
    await drive.file('x', { id, name: 'twice' });

    const reply = await drive.start({ id, name: 'twice' });

    assert.equal(reply.status, 409);
    assert.equal(reply.json.error.errors[0].reason, 'fileIdInUse');
  });

  test('by the switch the 409 comes only at the end', async () => {
    const id = await drive.newId();
    await drive.file('x', { id });
    await emulator.admin('POST settings', { idConflictAt: 'finish', idConflictReason: 'duplicate' });
    const uri = await drive.session({ id });

    const reply = await drive.chunk(uri, 'bytes 0-4/5', Buffer.from('hello'));

    await emulator.admin('POST settings', { idConflictAt: 'start', idConflictReason: 'fileIdInUse' });
    assert.equal(reply.status, 409);
    assert.equal(reply.json.error.errors[0].reason, 'duplicate');
  });

  test('of two sessions with one id the second to end is refused', async () => {
    const id = await drive.newId();
    const [first, second] = [await drive.session({ id }), await drive.session({ id })];
    await drive.chunk(first, 'bytes 0-4/5', Buffer.from('first'));

    const reply = await drive.chunk(second, 'bytes 0-5/6', Buffer.from('second'));

    assert.equal(reply.status, 409);
    assert.equal((await drive.api('GET', `files/${id}?alt=media`)).text, 'first');
  });
});

describe('the life of a session', () => {
  test('what a dead one had persisted is gone', async () => {
    const uri = await drive.session();
    await drive.chunk(uri, `bytes 0-${3 * KIB256 - 1}/*`, noise(3 * KIB256));
    const before = blobSizes();

    await drive.chunk(uri, '*/*');

    assert.ok(before.includes(3 * KIB256));
    assert.ok(!blobSizes().includes(3 * KIB256));
  });

  test('unknown: 404', async () => {
    const reply = await drive.status(
      `${emulator.url}/upload/drive/v3/files?uploadType=resumable&upload_id=nobody`,
    );

    assert.equal(reply.status, 404);
  });

  test('after seven days: 404, even if it was in use all the time', async () => {
    const uri = await drive.session();
    await emulator.admin('POST clock', { advanceSeconds: 6 * 86400 });
    await drive.login();
    const alive = await drive.chunk(uri, `bytes 0-${KIB256 - 1}/*`, noise(KIB256));
    await emulator.admin('POST clock', { advanceSeconds: 86400 });
    await drive.login();

    const late = await drive.status(uri);

    assert.deepEqual([alive.status, late.status], [308, 404]);
  });

  test('by the switch seven days without use count, and the answer is 410', async () => {
    await emulator.admin('POST settings', { sessionExpiry: 'idle', deadSessionStatus: 410 });
    const uri = await drive.session();
    const answers = [];
    for (const days of [6, 6, 7]) {
      await emulator.admin('POST clock', { advanceSeconds: days * 86400 });
      await drive.login();
      answers.push((await drive.status(uri)).status);
    }

    await emulator.admin('POST settings', { sessionExpiry: 'absolute', deadSessionStatus: 404 });
    assert.deepEqual(answers, [308, 308, 410]);
  });

  test('X-Range-MD5 can be switched off, and be wrong', async () => {
    const bytes = noise(KIB256);
    const uri = await drive.session();
    await drive.chunk(uri, `bytes 0-${KIB256 - 1}/*`, bytes);
    await emulator.admin('POST settings', { xRangeMd5: 'off' });
    const off = await drive.status(uri);
    await emulator.admin('POST settings', { xRangeMd5: 'wrong' });
    const wrong = await drive.status(uri);

    await emulator.admin('POST settings', { xRangeMd5: 'on' });
    assert.equal(off.headers['x-range-md5'], undefined);
    assert.match(String(wrong.headers['x-range-md5']), /^[0-9a-f]{32}$/);
    assert.notEqual(wrong.headers['x-range-md5'], hash('md5', bytes));
  });
});

describe('room', () => {
  test('an upload that does not fit is refused when it is declared, and else at its end; there is room later', async () => {
    const uri = await drive.session();
    await emulator.admin('POST settings', { storageLimitBytes: 0 });
    const declared = await drive.start({}, '', { 'X-Upload-Content-Length': '1' });
    const atTheEnd = await drive.chunk(uri, 'bytes 0-4/5', Buffer.from('hello'));
    await emulator.admin('POST settings', { storageLimitBytes: null });

    const later = await drive.chunk(uri, 'bytes */5');

    for (const reply of [declared, atTheEnd]) {
      assert.equal(reply.status, 403);
      assert.equal(reply.json.error.errors[0].reason, 'storageQuotaExceeded');
    }
    assert.equal(later.status, 200);
  });

  test('the daily allowance: 403 userRateLimitExceeded, and a day later it goes on', async () => {
    await drive.file('today');
    await emulator.admin('POST settings', { dailyUploadLimitBytes: 1 });
    const refused = await drive.start();
    await emulator.admin('POST clock', { advanceSeconds: 86401 });
    await drive.login();

    const next = await drive.start();

    await emulator.admin('POST settings', { dailyUploadLimitBytes: 750e9 });
    assert.equal(refused.json.error.errors[0].reason, 'userRateLimitExceeded');
    assert.equal(refused.json.error.message, 'User rate limit exceeded.');
    assert.equal(next.status, 200);
  });
});
