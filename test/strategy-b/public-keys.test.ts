// Parts encrypted to the owner's public keys: the host makes, proves and goes on from backups that it cannot read.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { FakeSource } from '../../images/strategy-b/src/testing/fake-tools.ts';
import { type Bench, createBench, listed, passphrase, type RunResult, storedFiles } from './harness.ts';
import { makeKeys } from './openpgp-key.ts';
import { streamOf } from './restored.ts';
import { twoDays } from './sources.ts';

const { keys, secrets } = makeKeys({}, { algorithm: 'rsa2048' });
const [own, other] = keys as [(typeof keys)[0], (typeof keys)[0]];
const publicKeys = [own.certificate];

const { first, second, delta } = twoDays();
let bench: Bench;
beforeEach(async () => {
  bench = await createBench([first, second]);
});
afterEach(() => bench.dispose());

const backUp = (source: FakeSource, settings: object = { publicKeys }) => bench.backup([source], settings);
const withKey = (backup: string, secret = own.secret) =>
  streamOf(bench, backup, passphrase, { 'secret-key.asc': secret });

function made(run: RunResult) {
  assert.equal(run.status, 0, run.stdout + run.stderr);
  return run.result.backups!.at(-1)!;
}

async function messageOf(backup: string, end: string): Promise<Buffer> {
  const file = (await storedFiles(bench.drive)).find(({ name }) => name === `h1-${backup}-${end}`)!;
  return readFileSync(file.blobPath!);
}

/** What gpg says of a message that it is given, with the owner's passphrase at hand. */
function gpg(message: Buffer, ...verb: string[]) {
  const home = mkdtempSync(join(tmpdir(), 'haven-reader-'));
  const quiet = ['--homedir', home, '--batch', '--no-tty', '--no-autostart', '--pinentry-mode', 'loopback'];
  const run = spawnSync('gpg', [...quiet, '--passphrase', passphrase, ...verb], { input: message });
  rmSync(home, { recursive: true, force: true });
  return { status: run.status, said: run.stdout.toString('latin1') + run.stderr.toString('latin1') };
}

test('what the host knows opens the manifest and no part; the secret key gives the stream back', async () => {
  const run = await backUp(first);
  const backup = made(run);

  const part = await messageOf(backup.id, '000000');
  const manifest = await messageOf(backup.id, 'manifest');

  assert.equal(gpg(manifest, '--decrypt').status, 0);
  assert.equal(gpg(part, '--decrypt').status, 2);
  await assert.rejects(
    streamOf(bench, backup.id),
    new RegExp(`public key ${own.fingerprint}, and the kit has no`),
  );
  assert.ok((await withKey(backup.id)).equals(first.stream));
  assert.doesNotMatch(run.stdout + run.stderr, /canary-|PGP/);
});

test('each of several keys opens all of it, nobody is told which they are, and a key that is none of them is named', async () => {
  const backup = made(await backUp(first, { publicKeys: keys.map(({ certificate }) => certificate) }));
  const later = made(await backUp(second, { publicKeys: [own.certificate] }));

  const packets = gpg(await messageOf(backup.id, '000000'), '--list-packets').said;

  assert.equal(packets.match(/:pubkey enc packet: .* keyid 0000000000000000/g)?.length, 2);
  for (const { fingerprint } of keys) assert.ok(!packets.includes(fingerprint.slice(-8)));
  for (const { secret } of keys) assert.ok((await withKey(backup.id, secret)).equals(first.stream));
  assert.ok((await withKey(later.id, secrets)).equals(delta));
  await assert.rejects(
    withKey(later.id, other.secret),
    new RegExp(`ERROR: .*public key ${own.fingerprint}, and .* another key: ${other.fingerprint}`),
  );
});

test('a chain may begin with the passphrase and go on with a public key, and state may be lost', async () => {
  const full = made(await bench.backup([first]));
  rmSync(join(bench.folder, 'state'), { recursive: true });
  const next = made(await backUp(second));
  rmSync(join(bench.folder, 'state'), { recursive: true });

  const list = await bench.run('list');
  const audit = await bench.run('audit');

  assert.equal(next.base, full.id);
  assert.deepEqual(
    listed(list).map(({ id }) => id),
    [next.id, full.id],
  );
  assert.equal(audit.status, 0, audit.stdout);
  assert.ok((await withKey(full.id)).equals(first.stream));
  assert.ok((await withKey(next.id)).equals(delta));
});

test('a backup that was cut short under the passphrase goes on under the public key', async () => {
  await bench.drive.fault('quota-full', { match: 'upload-start', nth: 3 });
  assert.equal((await bench.backup([first])).status, 21);

  const whole = made(await backUp(first));

  assert.ok((await withKey(whole.id)).equals(first.stream));
});

test('a protected secret key needs its own passphrase, which is asked for by name', async () => {
  const { keys: locked } = makeKeys({ passphrase: 'of the key' });
  const { certificate, secret } = locked[0]!;
  const backup = made(await backUp(first, { publicKeys: [certificate] }));

  const stream = await streamOf(bench, backup.id, passphrase, {
    'secret-key.asc': secret,
    'secret-key-passphrase': 'of the key\n',
  });

  assert.ok(stream.equals(first.stream));
  await assert.rejects(withKey(backup.id, secret), /secret-key-passphrase is missing/);
});

test('a certificate that cannot be used is exit 3 before anything is sent, and named', async () => {
  const { keys: spoilt } = makeKeys({ expired: true }, { signOnly: true });
  const cases: [string[], RegExp][] = [
    [
      [own.certificate, spoilt[0]!.certificate],
      /publicKeys\[1\] cannot be used: nothing can be encrypted to/,
    ],
    [[spoilt[1]!.certificate], /publicKeys\[0\] cannot be used: nothing can be encrypted to/],
    [[own.certificate.replaceAll('A', 'B')], /publicKeys\[0\] cannot be used/],
    [[own.secret], /this is a secret key/],
  ];
  for (const [certificates, message] of cases) {
    const run = await backUp(first, { publicKeys: certificates });

    assert.equal(run.status, 3, run.stdout);
    assert.match(run.result.error!.message, message);
  }
  assert.deepEqual(await storedFiles(bench.drive), []);
});
