// Parts encrypted to the owner's public keys: the host makes, proves and goes on from backups that it cannot read.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { ToolBox } from '../../images/strategy-b/src/pipeline/openpgp.ts';
import { readRecipients } from '../../images/strategy-b/src/pipeline/recipients.ts';
import type { FakeSource } from '../../images/strategy-b/src/testing/fake-tools.ts';
import { type Bench, createBench, listed, passphrase, type RunResult, storedFiles } from './harness.ts';
import { makeKeys } from './openpgp-key.ts';
import { streamOf } from './restored.ts';
import { twoDays } from './sources.ts';

const { keys } = makeKeys({}, { algorithm: 'rsa2048', passphrase: 'of the key' });
const [own, other] = keys as [(typeof keys)[0], (typeof keys)[0]];
const publicKeys = keys.map(({ certificate }) => certificate);

const { first, second, delta } = twoDays();
let bench: Bench;
beforeEach(async () => {
  bench = await createBench([first, second]);
});
afterEach(() => bench.dispose());

const backUp = (source: FakeSource, settings: object = { publicKeys }) => bench.backup([source], settings);
const forget = () => rmSync(join(bench.folder, 'state'), { recursive: true });
const withKey = (backup: string, secret: string) =>
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

test('a chain goes on under public keys, with the state lost; what the host knows opens its manifests and none of its new parts', async () => {
  const full = made(await bench.backup([first]));
  forget();
  const run = await backUp(second);
  const next = made(run);
  forget();

  const list = await bench.run('list');
  const audit = await bench.run('audit');

  assert.equal(next.base, full.id);
  assert.deepEqual(
    listed(list).map(({ id }) => id),
    [next.id, full.id],
  );
  assert.equal(audit.status, 0, audit.stdout);
  assert.equal(gpg(await messageOf(next.id, 'manifest'), '--decrypt').status, 0);
  assert.equal(gpg(await messageOf(full.id, '000000'), '--decrypt').status, 0);
  assert.equal(gpg(await messageOf(next.id, '000000'), '--decrypt').status, 2);
  await assert.rejects(streamOf(bench, next.id), /encrypted to the public key .*, and the kit has no/);
  assert.ok((await withKey(next.id, own.secret)).equals(delta));
  assert.doesNotMatch(run.stdout + run.stderr, /canary-|PGP/);
});

test('each of several keys opens all of it, nobody is told which they are, and one that is locked, or none of them, is named', async () => {
  const backup = made(await backUp(first));
  const { keys: strangers } = makeKeys({});

  const packets = gpg(await messageOf(backup.id, '000000'), '--list-packets').said;

  assert.equal(packets.match(/:pubkey enc packet: .* keyid 0000000000000000/g)?.length, 2);
  for (const { fingerprint } of keys) assert.ok(!packets.includes(fingerprint.slice(-8)));
  assert.ok((await withKey(backup.id, own.secret)).equals(first.stream));
  const unlocked = { 'secret-key.asc': other.secret, 'secret-key-passphrase': 'of the key\n' };
  assert.ok((await streamOf(bench, backup.id, passphrase, unlocked)).equals(first.stream));
  await assert.rejects(withKey(backup.id, other.secret), /secret-key-passphrase is missing/);
  await assert.rejects(
    withKey(backup.id, strangers[0]!.secret),
    new RegExp(`ERROR: .*public key ${own.fingerprint}.*, and .* another key: ${strangers[0]!.fingerprint}`),
  );
});

test('a certificate that cannot be used is exit 3 before anything is sent, and named', async () => {
  const { keys: spoilt } = makeKeys({ expired: true }, { signOnly: true });
  const run = await backUp(first, { publicKeys: [own.certificate, spoilt[0]!.certificate] });

  assert.equal(run.status, 3, run.stdout);
  assert.match(run.result.error!.message, /publicKeys\[1\] cannot be used: nothing can be encrypted to/);
  assert.deepEqual(await storedFiles(bench.drive), []);
  for (const [certificate, why] of [
    [spoilt[1]!.certificate, /publicKeys\[0\] cannot be used: nothing can be encrypted to/],
    [own.certificate.replaceAll('A', 'B'), /publicKeys\[0\] cannot be used: gpg cannot read it/],
    [own.secret, /publicKeys\[0\] cannot be used: it holds 0 public keys/],
    [own.certificate + other.certificate, /publicKeys\[0\] cannot be used: it holds 2 public keys/],
  ] as const)
    await assert.rejects(readRecipients([certificate], toolBox()), why);
});

function toolBox(): ToolBox {
  const gnupgHome = mkdtempSync(join(bench.folder, 'gnupg-'));
  const env = { PATH: process.env.PATH, LC_ALL: 'C' };
  const { signal: stop } = new AbortController();
  const scrub = (text: string) => text;
  return { gnupgHome, env, stop, scrub, passphrases: [passphrase], stallMs: 20_000, killAfterMs: 500 };
}
