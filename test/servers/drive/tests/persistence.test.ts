/** A killed and restarted emulator is the same Google. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type DriveClient, KIB256, loggedIn, noise } from './drive-client.ts';
import { type StartedEmulator, startEmulator } from './started-emulator.ts';

let emulator: StartedEmulator;
let drive: DriveClient;

before(async () => {
  emulator = await startEmulator('--keep-removed');
  drive = await loggedIn(emulator);
});
after(() => emulator.dispose());

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

/** After a restart the port is another one, as if the name had moved. */
const moved = (uri: string) => uri.replace(/^http:\/\/[^/]+/, emulator.url);

test('files, tokens, ids and settings survive kill -9', async () => {
  const bytes = noise(1000);
  const id = await drive.file(bytes, { name: 'kept', appProperties: { k: 'v' } });
  const unused = await drive.newId();
  await emulator.admin('POST settings', { listLagMs: 1 });
  await emulator.admin('POST clock', { advanceSeconds: 100 });

  const spent = await drive.newId();
  await drive.file('x', { id: spent });
  await drive.api('DELETE', `files/${spent}`);

  await emulator.restart();

  assert.equal((await drive.start({ id: spent })).status, 400);
  const get = await drive.api('GET', `files/${id}?fields=name,md5Checksum,appProperties`);
  assert.deepEqual(get.json, { name: 'kept', md5Checksum: md5(bytes), appProperties: { k: 'v' } });
  assert.deepEqual((await drive.api('GET', `files/${id}?alt=media`)).bytes, bytes);
  assert.equal(await drive.file('x', { id: unused }), unused);
  assert.equal((await drive.start({ id: unused })).status, 409);
  assert.equal((await emulator.admin('GET settings')).listLagMs, 1);
  assert.equal((await emulator.admin('GET clock')).offsetMs, 100_000);
});

test('a session goes on after kill -9 where it was, with the right running MD5', async () => {
  const bytes = noise(2 * KIB256 + 10);
  const uri = await drive.session({ name: 's' }, 'fields=md5Checksum');
  await drive.chunk(uri, `bytes 0-${KIB256 - 1}/*`, bytes.subarray(0, KIB256));

  await emulator.restart();

  const status = await drive.status(moved(uri));
  const end = await drive.chunk(
    moved(uri),
    `bytes ${KIB256}-${bytes.length - 1}/${bytes.length}`,
    bytes.subarray(KIB256),
  );
  assert.equal(status.headers.range, `bytes=0-${KIB256 - 1}`);
  assert.equal(status.headers['x-range-md5'], md5(bytes.subarray(0, KIB256)));
  assert.equal(end.json.md5Checksum, md5(bytes));
});

test('kill -9 in the middle of a chunk leaves a multiple of 256 KiB', async () => {
  const bytes = noise(4 * KIB256);
  const uri = await drive.session();
  await emulator.fault('slow', { bytesPerSecond: 2 * KIB256 });
  const sending = assert.rejects(drive.chunk(uri, `bytes 0-${bytes.length - 1}/${bytes.length}`, bytes));
  const blobs = () =>
    readdirSync(join(emulator.state, 'blobs')).map((name) =>
      readFileSync(join(emulator.state, 'blobs', name)),
    );
  const deadline = Date.now() + 5000;
  while (
    !blobs().some(
      (blob) =>
        blob.length > KIB256 && blob.length < bytes.length && blob.equals(bytes.subarray(0, blob.length)),
    )
  ) {
    assert.ok(Date.now() < deadline, 'the chunk never got under way');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  await emulator.restart();
  await sending;

  const { headers } = await drive.status(moved(uri));
  const length = Number(headers.range?.split('-')[1]) + 1;
  assert.ok(length >= KIB256);
  assert.equal(length % KIB256, 0);
  assert.equal(headers['x-range-md5'], md5(bytes.subarray(0, length)));
});

test('a finished session still answers with its file, a dead one with its refusal', async () => {
  const done = await drive.session({}, 'fields=size');
  await drive.chunk(done, 'bytes 0-4/5', Buffer.from('hello'));
  const dead = await drive.session();
  await drive.chunk(dead, '*/*');

  await emulator.restart();

  const [again, refused] = [await drive.status(moved(done)), await drive.status(moved(dead))];
  assert.deepEqual([again.status, again.json], [200, { size: '5' }]);
  assert.deepEqual([refused.status, refused.text], [400, 'Failed to parse Content-Range header.']);
});

test('a kill between the record of a file and that of its session makes no second file', async () => {
  const uri = await drive.session({ name: 'one' }, 'fields=id');
  const { json } = await drive.chunk(uri, 'bytes 0-4/5', Buffer.from('hello'));
  const sessionPath = join(emulator.state, 'sessions', `${new URL(uri).searchParams.get('upload_id')}.json`);
  const { fileId: _, ...open } = JSON.parse(readFileSync(sessionPath, 'utf8'));
  await emulator.kill();
  writeFileSync(sessionPath, JSON.stringify({ ...open, state: 'open' }));

  await emulator.restart();

  const reply = await drive.status(moved(uri));
  assert.deepEqual([reply.status, reply.json], [200, json]);
});

test('everything that a client ever said can be found below the state folder', async () => {
  const find = (needle: string) =>
    allFiles(emulator.state).filter((path) => readFileSync(path).includes(needle));
  const id = await drive.file('canary-in-content', {
    name: 'canary-in-name',
    appProperties: { k: 'canary-in-property' },
  });
  await drive.api('PATCH', `files/${id}`, { name: 'canary-renamed' });
  await drive.api('GET', `files?q=${encodeURIComponent("name = 'canary-in-query'")}`);
  await drive.start({ name: 'canary-never-finished' }, '', { 'X-Canary': 'canary-in-header' });
  await drive.api('DELETE', `files/${id}`);

  for (const part of ['content', 'name', 'property', 'query', 'header'].map(
    (where) => `canary-in-${where}`,
  )) {
    assert.ok(find(part).length > 0, part);
  }
  assert.ok(find('canary-renamed').length > 0);
  assert.ok(find('canary-never-finished').length > 0);
  assert.equal(
    find(drive.accessToken).every((path) => path.endsWith('oauth.json')),
    true,
  );
});

function allFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && existsSync(join(entry.parentPath, entry.name)))
    .map((entry) => join(entry.parentPath, entry.name));
}
