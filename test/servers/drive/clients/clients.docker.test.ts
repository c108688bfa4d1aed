/**
 * The proof by clients that nobody of this project wrote: Debian's rclone and Google's own Python library, both unchanged, see
 * the emulator as www.googleapis.com through the CONNECT proxy. Needs Docker.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { CLIENT, type StartedEmulator, startEmulator } from '../tests/started-emulator.ts';

const run = promisify(execFile);
const IMAGE = 'haven-drive-clients';
const CONTAINER = `haven-drive-clients-${process.pid}`;
/** Four whole chunks and a bit. */
const PART = randomBytes(1024 * 1024 + 1234);
/** Ends on a chunk's border. */
const EVEN = randomBytes(512 * 1024);

let emulator: StartedEmulator;

async function docker(...args: string[]): Promise<string> {
  return (await run('docker', args, { encoding: 'latin1', maxBuffer: 64 * 1024 * 1024 })).stdout;
}

function inContainer(script: string): Promise<string> {
  const proxy = `HTTPS_PROXY=http://127.0.0.1:${emulator.ports.proxy}`;
  return docker(
    'exec',
    '-e',
    proxy,
    '-e',
    'HTTPLIB2_CA_CERTS=/in/ca.pem',
    '-e',
    'REQUESTS_CA_BUNDLE=/in/ca.pem',
    CONTAINER,
    'sh',
    '-euc',
    script,
  );
}

function rclone(command: string): Promise<string> {
  const chunks = '--drive-chunk-size 256k --drive-upload-cutoff 0 --streaming-upload-cutoff 0';
  return inContainer(
    command.replaceAll('rclone ', `rclone --ca-cert /in/ca.pem --config /in/rclone.conf ${chunks} `),
  );
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

async function seen(requestClass: string): Promise<number> {
  return (await emulator.requests(requestClass)).length;
}

before(async () => {
  emulator = await startEmulator();
  await docker('build', '-q', '-t', IMAGE, join(import.meta.dirname));
  await docker('run', '-d', '--init', '--network', 'host', '--name', CONTAINER, IMAGE, 'sleep', '3600');
  const input = mkdtempSync(join(tmpdir(), 'drive-clients-'));
  mkdirSync(join(input, 'data'));
  writeFileSync(join(input, 'data/part'), PART);
  writeFileSync(join(input, 'data/even'), EVEN);
  writeFileSync(join(input, 'ca.pem'), await (await fetch(`${emulator.url}/_emulator/ca.pem`)).text());
  const login = { client_id: CLIENT.id, client_secret: CLIENT.secret, refresh_token: CLIENT.refreshToken };
  writeFileSync(join(input, 'login.json'), JSON.stringify(login));
  const token = { access_token: 'none', refresh_token: CLIENT.refreshToken, expiry: '2020-01-01T00:00:00Z' };
  writeFileSync(
    join(input, 'rclone.conf'),
    `[gd]\ntype = drive\nclient_id = ${CLIENT.id}\nclient_secret = ${CLIENT.secret}\nscope = drive.file\ntoken = ${JSON.stringify(token)}\n`,
  );
  await docker('cp', `${input}/.`, `${CONTAINER}:/in`);
  rmSync(input, { recursive: true });
});

after(async () => {
  await docker('rm', '-f', CONTAINER).catch(() => undefined);
  await emulator?.dispose();
});

afterEach(async () => {
  await emulator.admin('DELETE requests');
});

describe('rclone of Debian', () => {
  test('copies a folder in several chunks and finds it equal', async () => {
    await rclone('rclone copy /in/data gd:copied');

    const chunks = await seen('upload-chunk');
    const sums = await rclone('rclone md5sum gd:copied');
    await rclone('rclone check --download /in/data gd:copied');

    assert.equal(chunks, 5 + 2);
    assert.match(sums, new RegExp(`${md5(PART)} +part\n`));
    assert.match(sums, new RegExp(`${md5(EVEN)} +even\n`));
  });

  test('sends a stream of unknown size, and one that ends on a border of chunks', async () => {
    await rclone('rclone rcat gd:streamed < /in/data/part; rclone rcat gd:border < /in/data/even');

    const sums = await rclone('rclone md5sum gd: --max-depth 1');

    assert.match(sums, new RegExp(`${md5(PART)} +streamed\n`));
    assert.match(sums, new RegExp(`${md5(EVEN)} +border\n`));
  });

  test('reads back what it wrote, whole and from the middle', async () => {
    await rclone('rclone copyto /in/data/part gd:whole');

    const whole = await rclone('rclone cat gd:whole');
    const middle = await rclone('rclone cat --offset 1000 --count 500 gd:whole');

    assert.equal(md5(Buffer.from(whole, 'latin1')), md5(PART));
    assert.deepEqual(Buffer.from(middle, 'latin1'), PART.subarray(1000, 1500));
  });

  test('lists sizes and checksums as JSON', async () => {
    await rclone('rclone copyto /in/data/part gd:listed/one');

    const [entry] = JSON.parse(await rclone('rclone lsjson --hash gd:listed'));

    assert.equal(entry.Size, PART.length);
    assert.equal(entry.Hashes.md5, md5(PART));
  });

  test('sends a chunk again after 503', async () => {
    await emulator.fault('server-error-503', { match: 'upload-chunk', nth: 2 });

    await rclone('rclone copyto /in/data/part gd:after-503');

    const sums = await rclone('rclone md5sum gd:after-503');
    assert.match(sums, new RegExp(md5(PART)));
    assert.deepEqual(await emulator.remainingFaults(), []);
  });

  test('deletes into the trash, so that a list no longer shows it', async () => {
    await rclone('rclone copyto /in/data/even gd:deleted/even; rclone deletefile gd:deleted/even');

    const left = await rclone('rclone lsf gd:deleted');

    assert.equal(left, '');
    const { files } = (await emulator.admin('GET files')) as { files: { name: string; trashed: boolean }[] };
    assert.ok(files.some(({ name, trashed }) => name === 'even' && trashed));
  });
});

describe("Google's Python library of Debian", () => {
  test('discovers, takes an id, uploads in chunks, searches, downloads in chunks and deletes', async () => {
    const report = JSON.parse(await inContainer('python3 /clients/drive.py /in/data/part'));

    assert.equal(report.created.id, report.ids[0]);
    assert.equal(report.created.size, String(PART.length));
    assert.equal(report.created.md5Checksum, md5(PART));
    assert.equal(report.uploadSteps, 5);
    assert.deepEqual(report.found, { files: [{ id: report.ids[0], size: String(PART.length) }] });
    assert.ok(report.downloadSteps >= 5);
    assert.equal(report.identical, true);
    assert.equal(await seen('discovery'), 1);
  });
});
