// The image's `fetch` as the contract runs it, against the Drive emulator; gosop decrypts what gpg encrypted. The test reads the FIFO.
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { parseEvent } from '../conformance/container.ts';
import { type StartedEmulator, startEmulator } from '../servers/drive/tests/started-emulator.ts';
import { makeKeys } from '../strategy-b/openpgp-key.ts';
import { type BackupOnDrive, hash, makeKit, PASSPHRASE, putBackup } from './backup-on-drive.ts';

let drive: StartedEmulator;

before(async () => {
  drive = await startEmulator();
});
after(async () => {
  await drive.dispose();
});

interface Fetched {
  code: number | undefined;
  result: Record<string, unknown>;
  /** What came through all the pipes, and through each. */
  passed: Buffer;
  streams: Buffer[];
  output: string;
}

async function fetchBackup(backup: string | string[], kit: string, stopAfterMs?: number): Promise<Fetched> {
  const backups = [backup].flat();
  const folder = mkdtempSync(join(tmpdir(), 'haven-drill-fetch-'));
  const name = `haven-drill-test-${folder.slice(-6).toLowerCase()}`;
  chmodSync(folder, 0o755);
  for (const file of ['store.json', 'google-oauth.json', 'passphrase', 'restore-b.sh', '']) {
    chownSync(join(kit, file), 1000, 1000);
  }
  for (const own of ['pipe', 'work']) {
    mkdirSync(join(folder, own));
    chownSync(join(folder, own), 1000, 1000);
  }
  const request = { contract: '1.0', verb: 'fetch', run: 'r1', strategy: 'b', backups };
  writeFileSync(join(folder, 'request.json'), JSON.stringify(request), { mode: 0o644 });
  const args = ['run', '--rm', '--name', name, '--user', '1000:1000', '--network', 'host', '--read-only'];
  args.push('--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--tmpfs', '/tmp:size=64m,mode=1777');
  args.push('--volume', `${folder}/request.json:/haven/request.json:ro`, '--volume', `${kit}:/haven/kit:ro`);
  args.push('--volume', `${folder}/pipe:/haven/pipe`, '--volume', `${folder}/work:/haven/work`);
  // gpg is in the image, for strategy A's duplicity. What gpg encrypted for strategy B must be readable without it: here it is no program.
  args.push('--volume', '/dev/null:/usr/bin/gpg:ro');
  const running = execa('docker', [...args, 'haven/drill', 'fetch'], { reject: false });
  const streams = backups.map((_, n) =>
    readFifo(join(folder, `pipe/stream-${String(n).padStart(3, '0')}`), running),
  );
  if (stopAfterMs !== undefined) {
    await sleep(stopAfterMs);
    await execa('docker', ['stop', '--time', '30', name]);
  }
  const ended = await running;
  const events = ended.stdout.split('\n').filter(Boolean).map(parseEvent);
  const passed = await Promise.all(streams);
  const fetched = {
    code: ended.exitCode,
    result: events.at(-1)!,
    passed: Buffer.concat(passed),
    streams: passed,
    output: ended.stdout + ended.stderr,
  };
  rmSync(folder, { recursive: true, force: true });
  return fetched;
}

async function readFifo(path: string, running: Promise<unknown>): Promise<Buffer> {
  let ended = false;
  void running.then(() => {
    ended = true;
  });
  while (!existsSync(path)) {
    if (ended) return Buffer.alloc(0);
    await sleep(20);
  }
  const pieces: Buffer[] = [];
  for await (const piece of createReadStream(path)) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

for (const compression of ['xz', 'none'] as const) {
  test(`fetch passes the whole stream on and tells what it measured (${compression})`, async () => {
    const backup = await putBackup(drive, { compression });

    const fetched = await fetchBackup(backup.id, await makeKit(drive));

    assert.equal(fetched.code, 0, fetched.output);
    assert.equal(hash('sha256', fetched.passed), backup.manifest.stream.sha256);
    const { seconds, tools, backups } = fetched.result.fetched as Record<string, unknown>;
    assert.ok(typeof seconds === 'number' && typeof tools === 'object');
    const [{ seconds: _seconds, ...told } = {}, ...more] = backups as Record<string, unknown>[];
    assert.deepEqual(more, []);
    assert.deepEqual(told, {
      backup: backup.id,
      chain: backup.id,
      kind: 'full',
      base: null,
      baseGuid: null,
      guid: '12345678901234567890',
      parts: 3,
      storedBytes: backup.manifest.parts.reduce((sum, part) => sum + part.stored.bytes, 0),
      createdAt: '2026-11-23T20:00:00.000Z',
      type: 'filesystem',
      streamBytes: backup.stream.length,
      streamSha256: backup.manifest.stream.sha256,
    });
    assert.doesNotMatch(fetched.output, new RegExp(`${PASSPHRASE}|refresh-1|secret-1|tank/my data`));
  });
}

test('a flipped bit turns fetch red, names the part, and leaves the stream short', async () => {
  const backup = await putBackup(drive);
  await drive.admin(`POST files/${backup.manifest.parts[2]!.file}/corrupt`, { how: 'flip', offset: 9000 });

  const fetched = await fetchBackup(backup.id, await makeKit(drive));

  assertRed(fetched, 30, 'damaged', /part 3 of 3 is damaged/);
  assert.ok(fetched.passed.length < backup.stream.length);
});

test('a manifest that hides the damage of the whole is found, and the last bytes are kept back', async () => {
  const backup = await putBackup(drive, {
    manifest: (m) => ({ ...m, stream: { ...m.stream, sha256: '0'.repeat(64) } }),
  });

  const fetched = await fetchBackup(backup.id, await makeKit(drive));

  assertRed(fetched, 30, 'damaged', /the whole stream's sha256/);
  assert.ok(fetched.passed.length < backup.stream.length);
});

test('a wrong passphrase turns fetch red (gosop)', async () => {
  const backup = await putBackup(drive);
  const kit = await makeKit(drive);
  writeFileSync(join(kit, 'passphrase'), 'wrong\n');

  const fetched = await fetchBackup(backup.id, kit);

  assertRed(fetched, 30, 'damaged', /cannot be decrypted/);
  assert.equal(fetched.passed.length, 0);
});

test('a kit with several passphrases opens what an earlier one encrypted (gosop)', async () => {
  const backup = await putBackup(drive);
  const kit = await makeKit(drive);
  writeFileSync(join(kit, 'passphrase'), `today\n\n${PASSPHRASE}\n`);

  const fetched = await fetchBackup(backup.id, kit);

  assert.equal(fetched.code, 0, fetched.output);
  assert.equal(hash('sha256', fetched.passed), backup.manifest.stream.sha256);
});

test('the kit’s secret keys open what was encrypted to them, and a wrong or missing or locked one is named (gosop)', async () => {
  const { keys, secrets } = makeKeys({}, { algorithm: 'rsa2048' });
  const { keys: locked } = makeKeys({ passphrase: 'of the key' });
  const backup = await putBackup(drive, { keys: [keys[1]!, locked[0]!] });
  const withFiles = async (files: Record<string, string>) => {
    const kit = await makeKit(drive);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(kit, name), text, { mode: 0o644 });
    return fetchBackup(backup.id, kit);
  };

  const both = await withFiles({ 'secret-key.asc': secrets });
  const unlocked = await withFiles({
    'secret-key.asc': locked[0]!.secret,
    'secret-key-passphrase': 'of the key\n',
  });
  const still = await withFiles({ 'secret-key.asc': locked[0]!.secret });
  const wrong = await withFiles({ 'secret-key.asc': keys[0]!.secret });
  const none = await withFiles({});

  for (const fetched of [both, unlocked]) {
    assert.equal(fetched.code, 0, fetched.output);
    assert.equal(hash('sha256', fetched.passed), backup.manifest.stream.sha256);
  }
  assertRed(still, 3, 'bad-request', /protected by a passphrase, and secret-key-passphrase is missing/);
  assertRed(wrong, 3, 'bad-request', new RegExp(`public key ${keys[1]!.fingerprint}.* cannot be decrypted`));
  assertRed(
    none,
    3,
    'bad-request',
    new RegExp(`public key ${keys[1]!.fingerprint}.*the kit has no secret-key`),
  );
  assert.doesNotMatch([still, wrong, none].map(({ output }) => output).join(), /PGP PRIVATE|of the key/);
});

test('a revoked sign-in has its own exit code', async () => {
  const backup = await putBackup(drive);
  const kit = await makeKit(drive);
  const oauth = { client_id: 'client-1', client_secret: 'secret-1', refresh_token: 'other' };
  writeFileSync(join(kit, 'google-oauth.json'), JSON.stringify(oauth));

  const fetched = await fetchBackup(backup.id, kit);

  assertRed(fetched, 22, 'credentials-revoked', /refuses the kit's sign-in/);
});

test('a kit program that lies about success is not believed', async () => {
  const kit = await makeKit(drive);
  const id = '0f'.repeat(16);
  const manifest = {
    backup: id,
    chain: id,
    kind: 'full',
    base: null,
    streamBytes: 5,
    streamSha256: '0'.repeat(64),
  };
  writeFileSync(join(kit, 'restore-b.sh'), `echo 'manifest: ${JSON.stringify(manifest)}' >&2; echo oops\n`);

  const fetched = await fetchBackup('0f'.repeat(16), kit);

  assertRed(fetched, 30, 'damaged', /5 bytes with sha256/);
  assert.equal(fetched.passed.length, 0);
});

async function putChain(): Promise<BackupOnDrive[]> {
  const full = await putBackup(drive, { guid: '1' });
  const next = await putBackup(drive, { guid: '2', on: full, stream: Buffer.from('[next]') });
  const last = await putBackup(drive, { guid: '3', on: next, partBytes: 1 << 18 });
  return [full, next, last];
}

test('a chain comes whole, in order, each stream through a pipe of its own', async () => {
  const chain = await putChain();

  const fetched = await fetchBackup(
    chain.map(({ id }) => id),
    await makeKit(drive),
  );

  assert.equal(fetched.code, 0, fetched.output);
  assert.deepEqual(
    fetched.streams.map((stream) => hash('sha256', stream)),
    chain.map(({ manifest }) => manifest.stream.sha256),
  );
  const told = (fetched.result.fetched as { backups: Record<string, unknown>[] }).backups;
  assert.deepEqual(
    told.map(({ backup, base, baseGuid, guid }) => [backup, base, baseGuid, guid]),
    [
      [chain[0]!.id, null, null, '1'],
      [chain[1]!.id, chain[0]!.id, '1', '2'],
      [chain[2]!.id, chain[1]!.id, '2', '3'],
    ],
  );
});

const brokenChains: [string, number[], RegExp, number][] = [
  ['without its full', [1, 2], /must begin with a full/, 0],
  ['with a link missing', [0, 2], /builds upon backup/, 1],
  ['with two links swapped', [0, 2, 1], /builds upon backup/, 1],
  ['with the full last', [1, 0], /must begin with a full/, 0],
];
for (const [name, order, message, good] of brokenChains) {
  test(`a chain ${name} is red before a byte of the wrong link passes`, async () => {
    const chain = await putChain();

    const fetched = await fetchBackup(
      order.map((n) => chain[n]!.id),
      await makeKit(drive),
    );

    assertRed(fetched, 30, 'damaged', message);
    assert.deepEqual(
      fetched.streams.map(({ length }) => length > 0),
      order.map((_, n) => n < good),
    );
  });
}

test('a chain with another chain’s incremental is red', async () => {
  const [full] = await putChain();
  const [, foreign] = await putChain();

  const fetched = await fetchBackup([full!.id, foreign!.id], await makeKit(drive));

  assertRed(fetched, 30, 'damaged', /builds upon backup/);
});

test('an incremental whose manifest starts from another snapshot than its base is of is red', async () => {
  const full = await putBackup(drive, { guid: '1' });
  const next = await putBackup(drive, { on: full, manifest: (m) => ({ ...m, baseGuid: '5' }) });

  const fetched = await fetchBackup([full.id, next.id], await makeKit(drive));

  assertRed(fetched, 30, 'damaged', /starts from snapshot 5/);
});

test('SIGTERM in the middle of a download ends everything, as interrupted', async () => {
  const backup = await putBackup(drive);
  await drive.fault('stall', { match: 'download', nth: 2, seconds: 600 });

  const fetched = await fetchBackup(backup.id, await makeKit(drive), 6000);

  assert.equal(fetched.code, 143, fetched.output);
  assert.equal(fetched.result.outcome, 'interrupted');
  assert.ok(fetched.passed.length < backup.stream.length);
});

function assertRed(fetched: Fetched, code: number, name: string, message: RegExp): void {
  assert.equal(fetched.code, code, fetched.output);
  assert.equal(fetched.result.outcome, 'failed');
  const error = fetched.result.error as { code: string; message: string; hint: string };
  assert.equal(error.code, name);
  assert.match(error.message, message);
  assert.ok(error.hint.length > 0);
}
