/** The admin surface, TLS and the proxy. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { call, type DriveClient, loggedIn, noise } from '../drive-client.ts';
import { type StartedEmulator, startEmulator } from '../started-emulator.ts';

let emulator: StartedEmulator;
let drive: DriveClient;
let ca: string;

before(async () => {
  emulator = await startEmulator('--name', 'google.test');
  drive = await loggedIn(emulator);
  ca = (await call('GET', `${emulator.url}/_emulator/ca.pem`)).text;
});
after(() => emulator.dispose());

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const stored = async (id: string) => {
  const { files } = (await emulator.admin('GET files')) as { files: Record<string, string>[] };
  return files.find((file) => file.id === id)!;
};
const meta = async (id: string) => (await drive.api('GET', `files/${id}?fields=size,sha256Checksum`)).json;

describe('corrupt', () => {
  test('flip: metadata tells the truth about the flipped bytes', async () => {
    const bytes = noise(100);
    const id = await drive.file(bytes);

    await emulator.admin(`POST files/${id}/corrupt`, { how: 'flip', offset: 50 });

    bytes[50]! ^= 1;
    assert.equal((await meta(id)).sha256Checksum, sha256(bytes));
    assert.deepEqual((await drive.api('GET', `files/${id}?alt=media`)).bytes, bytes);
  });

  test('flip without honesty: metadata goes on claiming the old bytes', async () => {
    const bytes = noise(100);
    const id = await drive.file(bytes);

    await emulator.admin(`POST files/${id}/corrupt`, { how: 'flip', offset: 50, honest: false });

    assert.equal((await meta(id)).sha256Checksum, sha256(bytes));
    assert.notEqual((await stored(id)).blobSha256, sha256(bytes));
  });

  test('truncate', async () => {
    const bytes = noise(100);
    const id = await drive.file(bytes);

    await emulator.admin(`POST files/${id}/corrupt`, { how: 'truncate', size: 40 });

    assert.deepEqual(await meta(id), { size: '40', sha256Checksum: sha256(bytes.subarray(0, 40)) });
  });

  test('swap exchanges the content of two files', async () => {
    const [a, b] = [await drive.file('content a'), await drive.file('content b')];

    await emulator.admin(`POST files/${a}/corrupt`, { how: 'swap', with: b });

    assert.equal((await drive.api('GET', `files/${a}?alt=media`)).text, 'content b');
    assert.equal((await drive.api('GET', `files/${b}?alt=media`)).text, 'content a');
    assert.equal((await meta(a)).sha256Checksum, sha256(Buffer.from('content b')));
  });

  test('trash and delete', async () => {
    const [a, b] = [await drive.file('a'), await drive.file('b')];

    await emulator.admin(`POST files/${a}/corrupt`, { how: 'trash' });
    await emulator.admin(`POST files/${b}/corrupt`, { how: 'delete' });

    assert.equal((await drive.api('GET', `files/${a}?fields=trashed`)).json.trashed, true);
    assert.equal((await drive.api('GET', `files/${b}`)).status, 404);
  });

  test('a corruption that would do nothing is refused', async () => {
    const id = await drive.file('abc');

    await assert.rejects(emulator.admin(`POST files/${id}/corrupt`, { how: 'flip', offset: 3 }));
    await assert.rejects(emulator.admin(`POST files/${id}/corrupt`, { how: 'bend' }));
    await assert.rejects(emulator.admin('POST files/nobody/corrupt', { how: 'flip' }));
  });
});

test('requests are counted by class', async () => {
  await emulator.admin('DELETE requests');
  await drive.api('GET', 'files');
  await drive.api('GET', 'files?pageSize=0');
  await drive.api('GET', 'files/root');

  const lists = await emulator.requests('list');

  assert.deepEqual(
    lists.map(({ status }) => status),
    [200, 400],
  );
  assert.equal((await emulator.requests('any')).length, 3);
});

test('a bad setting is refused and changes nothing', async () => {
  await assert.rejects(emulator.admin('POST settings', { xRangeMd5: 'maybe' }));
  await assert.rejects(emulator.admin('POST settings', { nonsense: 1 }));

  assert.equal((await emulator.admin('GET settings')).xRangeMd5, 'on');
});

describe('TLS', () => {
  test('the certificate is good for the names of Google, for localhost and for --name', async () => {
    for (const servername of [
      'www.googleapis.com',
      'oauth2.googleapis.com',
      'localhost',
      'drive',
      'google.test',
    ]) {
      const socket = await tls({ port: emulator.ports.https, servername });

      assert.equal(socket.authorized, true, servername);
      socket.destroy();
    }
  });

  test('the admin surface is not there', async () => {
    const socket = await tls({ port: emulator.ports.https, servername: 'localhost' });
    socket.write('GET /_emulator/health HTTP/1.0\r\n\r\n');

    const [reply] = (await new Promise<Buffer>((resolve) => socket.once('data', resolve)))
      .toString()
      .split('\r\n');

    assert.equal(reply, 'HTTP/1.1 404 Not Found');
  });

  test('the proxy leads any name to it', async () => {
    const tunnel = request({
      port: emulator.ports.proxy,
      method: 'CONNECT',
      path: 'www.googleapis.com:443',
    }).end();
    const [response, socket] = await new Promise<[{ statusCode?: number | undefined }, TLSSocket]>(
      (resolve) => tunnel.once('connect', (...args) => resolve([args[0], args[1] as TLSSocket])),
    );

    const secure = await tls({ socket, servername: 'www.googleapis.com' });

    assert.equal(response.statusCode, 200);
    assert.equal(secure.authorized, true);
    secure.destroy();
  });

  test('the authority stays the same over a restart', async () => {
    await emulator.restart();

    assert.equal((await call('GET', `${emulator.url}/_emulator/ca.pem`)).text, ca);
  });
});

function tls(options: object): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ host: '127.0.0.1', ca, ...options }, () => resolve(socket));
    socket.once('error', reject);
  });
}

describe('ids', () => {
  test('an id that was allowed is one that a file can be made with, once', async () => {
    const create = async () =>
      (await drive.api('POST', 'files?fields=id', { id: 'id-of-another-drive', name: 'brought along' }))
        .status;

    const before = await create();
    await emulator.admin('POST ids', { ids: ['id-of-another-drive'] });

    assert.deepEqual([before, await create(), await create()], [400, 200, 409]);
    await assert.rejects(emulator.admin('POST ids', { ids: [7] }), /takes/);
  });
});
