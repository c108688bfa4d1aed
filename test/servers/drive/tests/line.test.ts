/** The slow and faulty line: as slow as said, and broken at the very byte. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type DriveClient, KIB256, loggedIn, noise, waitFor } from './drive-client.ts';
import { type StartedEmulator, startEmulator } from './started-emulator.ts';

let emulator: StartedEmulator;
let drive: DriveClient;
const off = { uploadBytesPerSecond: 0, failEveryNthChunk: 0, resetEveryBytes: 0 };
const whole = (uri: string, bytes: Buffer) =>
  drive.chunk(uri, `bytes 0-${bytes.length - 1}/${bytes.length}`, bytes);

before(async () => {
  emulator = await startEmulator();
  drive = await loggedIn(emulator);
});
beforeEach(() => emulator.admin('POST settings', off));
after(() => emulator.dispose());

test('all connections together get what the line gives', async () => {
  await emulator.admin('POST settings', { uploadBytesPerSecond: KIB256 });
  const uris = [await drive.session(), await drive.session()];

  const startedAt = performance.now();
  const replies = await Promise.all(uris.map((uri) => whole(uri, noise(KIB256))));
  const seconds = (performance.now() - startedAt) / 1000;

  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 200],
  );
  assert.ok(seconds > 1.95, `${seconds} s for two seconds' worth of bytes`);
});

test('each nth chunk fails, status queries are not counted, and nothing of it is kept', async () => {
  await emulator.admin('POST settings', { failEveryNthChunk: 2 });
  const uri = await drive.session();
  const bytes = noise(3 * KIB256);
  const chunk = (n: number) => {
    const piece = bytes.subarray(n * KIB256, (n + 1) * KIB256);
    return drive.chunk(uri, `bytes ${n * KIB256}-${(n + 1) * KIB256 - 1}/${bytes.length}`, piece);
  };

  const statuses = [];
  for (const n of [0, 1]) statuses.push((await chunk(n)).status);
  const between = await drive.status(uri);
  for (const n of [1, 2, 2]) statuses.push((await chunk(n)).status);

  assert.deepEqual(statuses, [308, 503, 308, 503, 200]);
  assert.equal(between.headers.range, `bytes=0-${KIB256 - 1}`);
});

test('the connection breaks at each nth byte, counted over requests', async () => {
  await emulator.admin('POST settings', { resetEveryBytes: 3 * KIB256 });
  const bytes = noise(4 * KIB256);
  const uri = await drive.session();

  await assert.rejects(whole(uri, bytes));
  const { range } = (await drive.status(uri)).headers;
  const tail = bytes.subarray(3 * KIB256);
  const last = await drive.chunk(uri, `bytes ${3 * KIB256}-${bytes.length - 1}/${bytes.length}`, tail);
  await assert.rejects(whole(await drive.session(), bytes));

  assert.equal(range, `bytes=0-${3 * KIB256 - 1}`);
  assert.equal(last.status, 200);
  // The log is written after the connection is cut.
  await waitFor(async () => (await emulator.requests('upload-chunk')).at(-1)?.status === 'cut');
  const seen = (await emulator.requests('upload-chunk')).slice(-3);
  assert.deepEqual(
    seen.map(({ status, bodyBytes }) => `${status} ${bodyBytes / KIB256}`),
    ['cut 3', '200 1', 'cut 2'],
  );
});

test('negative numbers are refused', async () => {
  await assert.rejects(emulator.admin('POST settings', { uploadBytesPerSecond: -1 }), /negative/);
});
