/** uploadType=multipart and uploadType=media. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, type DriveClient, loggedIn, noise } from '../drive-client.ts';
import { type StartedEmulator, startEmulator } from '../started-emulator.ts';

let emulator: StartedEmulator;
let drive: DriveClient;

before(async () => {
  emulator = await startEmulator();
  drive = await loggedIn(emulator);
});
after(() => emulator.dispose());

function upload(type: string, contentType: string, body: Uint8Array, breakAfter?: number) {
  return call(
    'POST',
    `${emulator.url}/upload/drive/v3/files?uploadType=${type}&fields=id,name,size,mimeType`,
    {
      headers: { Authorization: `Bearer ${drive.accessToken}`, 'Content-Type': contentType },
      body,
      ...(breakAfter !== undefined && { breakAfter }),
    },
  );
}

function multipart(metadata: unknown, media: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`--b\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(metadata)}\r\n--b\r\n`),
    Buffer.from('Content-Type: application/x-part\r\n\r\n'),
    media,
    Buffer.from('\r\n--b--\r\n'),
  ]);
}

test('multipart stores binary content as it is, with its metadata', async () => {
  const media = noise(300_000);

  const { status, json } = await upload(
    'multipart',
    'multipart/related; boundary=b',
    multipart({ name: 'm' }, media),
  );

  assert.equal(status, 200);
  assert.equal(json.name, 'm');
  assert.equal(json.size, '300000');
  assert.equal(json.mimeType, 'application/x-part');
  assert.deepEqual((await drive.api('GET', `files/${json.id}?alt=media`)).bytes, media);
});

test('multipart to a used id: 409', async () => {
  const id = await drive.newId();
  await upload('multipart', 'multipart/related; boundary=b', multipart({ id }, noise(10)));

  const reply = await upload('multipart', 'multipart/related; boundary=b', multipart({ id }, noise(10)));

  assert.equal(reply.status, 409);
});

test('media stores the body under no name', async () => {
  const media = noise(1000);

  const { json } = await upload('media', 'application/x-raw', media);

  assert.equal(json.name, 'Untitled');
  assert.equal(json.mimeType, 'application/x-raw');
  assert.deepEqual((await drive.api('GET', `files/${json.id}?alt=media`)).bytes, media);
});

test('an upload in one request that breaks off leaves no file', async () => {
  const before = (await drive.api('GET', 'files')).json.files.length;

  await assert.rejects(upload('media', 'application/x-raw', noise(600_000), 300_000));

  assert.equal((await drive.api('GET', 'files')).json.files.length, before);
});

test('an unknown uploadType: 400', async () => {
  assert.equal((await upload('magic', 'application/x-raw', noise(10))).status, 400);
});
