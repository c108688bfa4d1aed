/** Metadata, lists and downloads, over real sockets. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { call, type DriveClient, loggedIn, noise } from '../drive-client.ts';
import { type StartedEmulator, startEmulator } from '../started-emulator.ts';

let emulator: StartedEmulator;
let drive: DriveClient;
/** A folder of its own for each test. */
let folder: string;

before(async () => {
  emulator = await startEmulator();
  drive = await loggedIn(emulator);
});
after(() => emulator.dispose());
beforeEach(async () => {
  folder = (await drive.api('POST', 'files', { name: 'f', mimeType: 'application/vnd.google-apps.folder' }))
    .json.id;
});

async function listed(q: string, more = ''): Promise<{ name: string; id: string }[]> {
  const query = encodeURIComponent(`'${folder}' in parents and ${q}`);
  return (await drive.api('GET', `files?q=${query}&${more}`)).json.files;
}

const names = async (q: string) => (await listed(q)).map(({ name }) => name).sort();

describe('get', () => {
  test('without fields it gives kind, id, name and type only', async () => {
    const id = await drive.file('x', { name: 'n' });

    const { json } = await drive.api('GET', `files/${id}`);

    assert.deepEqual(json, { kind: 'drive#file', id, name: 'n', mimeType: 'application/octet-stream' });
  });

  test('with fields it gives exactly those; size is a string', async () => {
    const id = await drive.file('12345', { parents: [folder] });

    const { json } = await drive.api('GET', `files/${id}?fields=size,parents,trashed`);

    assert.deepEqual(json, { size: '5', parents: [folder], trashed: false });
  });

  test('an unknown field: 400 invalidParameter', async () => {
    const { status, json } = await drive.api('GET', 'files/root?fields=id,md5');

    assert.equal(status, 400);
    assert.equal(json.error.errors[0].reason, 'invalidParameter');
    assert.equal(json.error.errors[0].location, 'fields');
  });

  test('root is an alias', async () => {
    const { json } = await drive.api('GET', 'files/root?fields=id,name');

    assert.equal(json.name, 'My Drive');
    assert.notEqual(json.id, 'root');
  });

  test('an unknown id: 404 notFound', async () => {
    const { status, json } = await drive.api('GET', 'files/nobody');

    assert.equal(status, 404);
    assert.equal(json.error.errors[0].reason, 'notFound');
  });

  test('a file has no SHA where the switch says so', async () => {
    const id = await drive.file('x');
    await emulator.admin('POST settings', { shaChecksums: false });

    const { json } = await drive.api('GET', `files/${id}?fields=md5Checksum,sha1Checksum,sha256Checksum`);

    await emulator.admin('POST settings', { shaChecksums: true });
    assert.deepEqual(Object.keys(json), ['md5Checksum']);
  });

  test('parameters without meaning here are accepted', async () => {
    const ignored =
      'supportsAllDrives=true&includeItemsFromAllDrives=true&prettyPrint=false&alt=json&quotaUser=a';

    assert.equal((await drive.api('GET', `files?${ignored}`)).status, 200);
  });
});

describe('create and update', () => {
  test('names need not be unique', async () => {
    await drive.file('1', { name: 'same', parents: [folder] });
    await drive.file('2', { name: 'same', parents: [folder] });

    assert.deepEqual(await names("name = 'same'"), ['same', 'same']);
  });

  test('a read-only field: 403 fieldNotWritable; an unknown one: 400', async () => {
    const readOnly = await drive.api('POST', 'files', { md5Checksum: 'x' });
    const unknown = await drive.api('POST', 'files', { nonsense: 'x' });

    assert.equal(readOnly.status, 403);
    assert.equal(readOnly.json.error.errors[0].reason, 'fieldNotWritable');
    assert.equal(unknown.status, 400);
  });

  test('a file moves by addParents and removeParents, never by parents', async () => {
    const id = await drive.file('x');

    const byBody = await drive.api('PATCH', `files/${id}`, { parents: [folder] });
    const twoParents = await drive.api('PATCH', `files/${id}?addParents=${folder}`, {});
    const moved = await drive.api(
      'PATCH',
      `files/${id}?addParents=${folder}&removeParents=root&fields=parents`,
      {},
    );

    assert.deepEqual([byBody.status, twoParents.status], [403, 403]);
    assert.deepEqual(moved.json, { parents: [folder] });
  });

  test('trashed by update: still there, still readable, untrashed again', async () => {
    const id = await drive.file('x', { parents: [folder], name: 'rubbish' });

    const { json } = await drive.api('PATCH', `files/${id}?fields=trashed,explicitlyTrashed`, {
      trashed: true,
    });

    assert.deepEqual(json, { trashed: true, explicitlyTrashed: true });
    assert.deepEqual(await names('trashed = true'), ['rubbish']);
    assert.equal((await drive.api('GET', `files/${id}?alt=media`)).text, 'x');
    const back = await drive.api('PATCH', `files/${id}?fields=trashed`, { trashed: false });
    assert.equal(back.json.trashed, false);
  });

  test('what lies in a trashed folder is trashed, though not by itself', async () => {
    const id = await drive.file('x', { parents: [folder] });
    await drive.api('PATCH', `files/${folder}`, { trashed: true });

    const { json } = await drive.api('GET', `files/${id}?fields=trashed,explicitlyTrashed`);

    assert.deepEqual(json, { trashed: true, explicitlyTrashed: false });
  });

  test('a deleted folder takes its files along, and their ids stay spent', async () => {
    const id = await drive.newId();
    await drive.file('x', { id, parents: [folder] });

    const { status, bytes } = await drive.api('DELETE', `files/${folder}`);

    assert.equal(status, 204);
    assert.equal(bytes.length, 0);
    assert.equal((await drive.api('GET', `files/${id}`)).status, 404);
    assert.equal((await drive.start({ id })).status, 400);
  });

  test('emptying the trash deletes what is in it and nothing else', async () => {
    const kept = await drive.file('x', { parents: [folder] });
    const gone = await drive.file('x', { parents: [folder] });
    await drive.api('PATCH', `files/${gone}`, { trashed: true });

    await drive.api('DELETE', 'files/trash');

    assert.deepEqual(
      (await listed('trashed = false')).map(({ id }) => id),
      [kept],
    );
    assert.equal((await drive.api('GET', `files/${gone}`)).status, 404);
  });

  test('appProperties beyond 124 bytes are refused, at the start of an upload too', async () => {
    const appProperties = { key: 'x'.repeat(122) };

    assert.equal((await drive.api('POST', 'files', { appProperties })).status, 400);
    assert.equal((await drive.start({ appProperties })).status, 400);
  });
});

describe('list', () => {
  test('finds by appProperties', async () => {
    await drive.file('x', { parents: [folder], name: 'a', appProperties: { k: 'v1' } });
    await drive.file('x', { parents: [folder], name: 'b', appProperties: { k: 'v2' } });

    assert.deepEqual(await names("appProperties has { key='k' and value='v2' }"), ['b']);
  });

  test('a q that is not understood: 400 invalid, never everything', async () => {
    const { status, json } = await drive.api('GET', `files?q=${encodeURIComponent("title = 'x'")}`);

    assert.equal(status, 400);
    assert.equal(json.error.errors[0].reason, 'invalid');
    assert.equal(json.error.errors[0].location, 'q');
  });

  test('pages follow each other by opaque tokens until there is none, while files come and go', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await drive.file('x', { parents: [folder], name });
    }
    const q = encodeURIComponent(`'${folder}' in parents`);
    const seen: string[] = [];
    let next = '';
    let pages = 0;
    do {
      const { json } = await drive.api('GET', `files?q=${q}&pageSize=2&orderBy=name${next}`);
      assert.equal(json.incompleteSearch, false);
      seen.push(...json.files.map(({ name }: { name: string }) => name));
      await drive.api('DELETE', `files/${json.files[0].id}`);
      pages += 1;
      next = json.nextPageToken ? `&pageToken=${encodeURIComponent(json.nextPageToken)}` : '';
    } while (next);

    assert.deepEqual(seen, ['a', 'b', 'c', 'd', 'e']);
    assert.equal(pages, 3);
  });

  test('without nextPageToken in the mask there is none, though more files wait', async () => {
    await drive.file('x', { parents: [folder] });
    await drive.file('x', { parents: [folder] });
    const q = encodeURIComponent(`'${folder}' in parents`);

    const { json } = await drive.api('GET', `files?q=${q}&pageSize=1&fields=files(id)`);

    assert.deepEqual(Object.keys(json), ['files']);
    assert.equal(json.files.length, 1);
  });

  test('a token of another search, or a made-up one, is refused', async () => {
    await drive.file('x', { parents: [folder] });
    await drive.file('x', { parents: [folder] });
    const q = encodeURIComponent(`'${folder}' in parents`);
    const { json } = await drive.api('GET', `files?q=${q}&pageSize=1`);

    const other = await drive.api('GET', `files?pageToken=${encodeURIComponent(json.nextPageToken)}`);
    const madeUp = await drive.api('GET', `files?q=${q}&pageToken=abc`);

    assert.deepEqual([other.status, madeUp.status], [400, 400]);
  });

  test('a page holds 1000 at most, and fewer by the switch', async () => {
    await drive.file('x', { parents: [folder] });
    await drive.file('x', { parents: [folder] });
    await emulator.admin('POST settings', { maxPageSize: 1 });
    const short = await listed('trashed = false', 'pageSize=1000');

    await emulator.admin('POST settings', { maxPageSize: 1000 });
    assert.equal(short.length, 1);
    assert.equal((await drive.api('GET', 'files?pageSize=1001')).status, 400);
  });

  test('by the switch a new file is missing for a while, though get finds it', async () => {
    await emulator.admin('POST settings', { listLagMs: 60_000 });
    const id = await drive.file('x', { parents: [folder], name: 'late' });
    const early = await names('trashed = false');
    await emulator.admin('POST clock', { advanceSeconds: 61 });
    const later = await names('trashed = false');

    await emulator.admin('POST settings', { listLagMs: 0 });
    assert.deepEqual([early, later], [[], ['late']]);
    assert.equal((await drive.api('GET', `files/${id}`)).status, 200);
  });
});

describe('download', () => {
  const get = (id: string, headers: Record<string, string> = {}) =>
    call('GET', `${emulator.url}/drive/v3/files/${id}?alt=media`, {
      headers: { Authorization: `Bearer ${drive.accessToken}`, ...headers },
    });

  test('the whole: 200; a part: 206 with Content-Range; past the end: 416', async () => {
    const bytes = noise(10_000);
    const id = await drive.file(bytes);

    const whole = await get(id);
    const part = await get(id, { Range: 'bytes=9000-99999' });
    const past = await get(id, { Range: 'bytes=10000-' });

    assert.equal(whole.status, 200);
    assert.deepEqual(whole.bytes, bytes);
    assert.equal(part.status, 206);
    assert.equal(part.headers['content-range'], 'bytes 9000-9999/10000');
    assert.deepEqual(part.bytes, bytes.subarray(9000));
    assert.equal(past.status, 416);
    assert.equal(past.headers['content-range'], 'bytes */10000');
  });

  test('a folder has no content: 403', async () => {
    assert.equal((await get(folder)).status, 403);
  });

  test('a file flagged as abusive: 403 unless acknowledged', async () => {
    const id = await drive.file('x');
    await emulator.admin(`POST files/${id}/corrupt`, { how: 'flag-abusive' });

    const refused = await get(id);
    const acknowledged = await drive.api('GET', `files/${id}?alt=media&acknowledgeAbuse=true`);

    assert.equal(refused.json.error.errors[0].reason, 'cannotDownloadAbusiveFile');
    assert.equal(acknowledged.text, 'x');
  });
});

describe('about', () => {
  test('needs fields; an unlimited account has no limit', async () => {
    const bare = await drive.api('GET', 'about');
    const limited = await drive.api('GET', 'about?fields=storageQuota(limit,usage)');
    await emulator.admin('POST settings', { storageLimitBytes: null });
    const unlimited = await drive.api('GET', 'about?fields=storageQuota(limit)');

    await emulator.admin('POST settings', { storageLimitBytes: 15 * 1024 ** 3 });
    assert.equal(bare.status, 400);
    assert.equal(limited.json.storageQuota.limit, String(15 * 1024 ** 3));
    assert.ok(Number(limited.json.storageQuota.usage) > 0);
    assert.deepEqual(unlimited.json, { storageQuota: {} });
  });
});

test('an unknown path is a page, not JSON', async () => {
  const reply = await drive.api('GET', 'nonsense');

  assert.equal(reply.status, 404);
  assert.match(reply.headers['content-type']!, /^text\/html/);
});
