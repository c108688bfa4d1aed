// The kit's program, as a stranger runs it: natively, with gpg, against the Drive emulator, over TLS with a private authority.
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { type StartedEmulator, startEmulator } from '../servers/drive/tests/started-emulator.ts';
import { makeKeys } from '../strategy-b/openpgp-key.ts';
import { type Compression, hash, type Manifest, makeKit, putBackup } from './backup-on-drive.ts';

let drive: StartedEmulator;
let kit: string;
let work: string;

before(async () => {
  drive = await startEmulator();
  kit = await makeKit(drive);
  work = await mkdtemp(join(tmpdir(), 'haven-restore-work-'));
});
after(async () => {
  await drive.dispose();
  rmSync(kit, { recursive: true, force: true });
  rmSync(work, { recursive: true, force: true });
});
beforeEach(async () => {
  await drive.admin('DELETE faults');
});

interface Ended {
  code: number | undefined;
  stdout: Buffer;
  said: string;
}

async function restore(args: string[], where = kit, env: Record<string, string> = {}): Promise<Ended> {
  const run = await execa('dash', [join(where, 'restore-b.sh'), ...args], {
    reject: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    env: { TMPDIR: work, HAVEN_ATTEMPTS: '3', ...env },
  });
  assert.deepEqual(readdirSync(work), [], 'temporary files are gone, however it ended');
  return {
    code: run.exitCode,
    stdout: Buffer.from(run.stdout),
    said: Buffer.from(run.stderr).toString(),
  };
}

/** The same, whose stdout nobody reads before `collected`. */
function start(
  args: string[],
  env: Record<string, string> = {},
): ChildProcessByStdio<null, Readable, Readable> {
  return spawn('dash', [join(kit, 'restore-b.sh'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own, as a terminal gives it
    env: { ...process.env, TMPDIR: work, HAVEN_ATTEMPTS: '3', ...env },
  });
}

async function collected(running: ReturnType<typeof start>): Promise<Ended> {
  // It may have ended before anybody looked.
  const exit = new Promise<number | null>((resolve) => {
    if (running.exitCode === null) running.once('exit', resolve);
    else resolve(running.exitCode);
  });
  const [stdout, said, code] = await Promise.all([buffer(running.stdout), text(running.stderr), exit]);
  assert.deepEqual(readdirSync(work), []);
  return { code: code ?? undefined, stdout, said };
}

const downloads = async () => (await drive.requests('download')).length;

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, 'not within half a minute');
    await sleep(50);
  }
}

/** Whether a process of this machine has the path in its command line. */
function mentioned(path: string): boolean {
  return readdirSync('/proc').some((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(path);
    } catch {
      return false; // it ended meanwhile
    }
  });
}

/** A PATH with a df that always tells of so much room. */
function withDf(context: TestContext, kib: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'haven-df-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const words = `Filesystem 1024-blocks Used Available Capacity Mounted\nx 9 9 ${kib} 9% /`;
  writeFileSync(join(folder, 'df'), `#!/bin/sh\necho '${words}'\n`, { mode: 0o755 });
  return `${folder}:${process.env.PATH}`;
}

/** It ended with this code and sentence, and wrote nothing beyond the good parts before the bad one. */
function assertRefused(
  ended: Ended,
  code: number,
  sentence: RegExp,
  stream: Buffer,
  goodBytes: number,
): void {
  assert.match(ended.said, sentence);
  assert.match(ended.said, /^WHAT TO DO: ./m);
  assert.equal(ended.code, code, ended.said);
  assert.ok(ended.stdout.equals(stream.subarray(0, goodBytes)), `${ended.stdout.length} bytes were written`);
}

const MIB = 1 << 20;

describe('restore-b.sh stream', () => {
  for (const compression of ['xz', 'zstd', 'none', ['zstd', 'none', 'xz']] as (
    | Compression
    | Compression[]
  )[]) {
    test(`writes the stream of a backup whose parts are compressed by ${[compression].flat().join(', then ')}`, async () => {
      const backup = await putBackup(drive, { compression });

      const ended = await restore(['stream', backup.id]);

      assert.equal(ended.code, 0, ended.said);
      assert.equal(hash('sha256', ended.stdout), backup.manifest.stream.sha256);
      assert.match(ended.said, /^part 3 of 3: good$/m);
    });
  }

  test('without zstd, only a backup that needs it is refused, before anything of it is downloaded', async () => {
    const needing = await putBackup(drive, { compression: ['xz', 'zstd'] });
    const other = await putBackup(drive, { compression: 'xz' });
    const without = { PATH: pathWithout('zstd') };

    const refused = await restore(['stream', needing.id], kit, without);
    const restored = await restore(['stream', other.id], kit, without);

    assertRefused(refused, 3, /^ERROR: backup .* is compressed by 'zstd', which is not/m, needing.stream, 0);
    assert.equal(restored.code, 0, restored.said);
    assert.equal((await restore(['list'], kit, without)).code, 0);
  });

  test('what comes next is fetched while a part is passed on, and no more than that', async () => {
    const backup = await putBackup(drive, { stream: randomBytes(6 * MIB) });
    await drive.admin('DELETE requests');
    const running = start(['stream', backup.id]);

    // Nothing of the first part is read: the second one is opened meanwhile, and the third downloaded.
    await until(async () => (await downloads()) === 4);
    await sleep(1500);
    const meanwhile = await downloads();
    const ended = await collected(running);

    assert.equal(meanwhile, 4, 'the manifest and three parts');
    assert.equal(ended.code, 0, ended.said);
    assert.ok(ended.stdout.equals(backup.stream));
    assert.equal(await downloads(), 7);
    assert.deepEqual(
      ended.said.match(/^part \d of 6: good$/gm),
      [1, 2, 3, 4, 5, 6].map((n) => `part ${n} of 6: good`),
    );
  });

  test('a damaged part that was fetched ahead cuts off nothing of the good one before it, however slow its reader', async () => {
    const backup = await putBackup(drive, { stream: randomBytes(3 * MIB) });
    await drive.admin(`POST files/${backup.manifest.parts[1]!.file}/corrupt`, { how: 'flip', offset: 9 });
    await drive.admin('DELETE requests');
    const running = start(['stream', backup.id]);

    // The manifest, the first part, and the damaged one twice.
    await until(async () => (await downloads()) === 4);
    await sleep(1500);
    const ended = await collected(running);

    assertRefused(ended, 30, /^ERROR: part 2 of 3 is damaged/m, backup.stream, MIB);
    assert.match(ended.said, /^part 1 of 3: good\n(.*\n)*ERROR: /m);
  });

  test('where there is no room for two parts, one is fetched after the other', async (context) => {
    const backup = await putBackup(drive, { stream: randomBytes(3 * MIB) });
    await drive.admin('DELETE requests');
    const running = start(['stream', backup.id], { PATH: withDf(context, 4 * 1024) });

    await until(async () => (await downloads()) === 2);
    await sleep(1500);
    const meanwhile = await downloads();
    const ended = await collected(running);

    assert.equal(meanwhile, 2, 'the manifest and the first part');
    assert.equal(ended.code, 0, ended.said);
    assert.ok(ended.stdout.equals(backup.stream));
  });

  test('stopped while it fetches ahead, it leaves neither files nor a download behind', async () => {
    const backup = await putBackup(drive, { stream: randomBytes(3 * MIB) });
    await drive.fault('stall', { match: 'download', nth: 3, afterBytes: 1000, seconds: 60 });
    await drive.admin('DELETE requests');
    const running = start(['stream', backup.id]);
    await until(async () => (await drive.remainingFaults()).length === 0);

    running.kill('SIGTERM');
    const ended = await collected(running);

    assert.equal(ended.code, 143, ended.said);
    await until(async () => !mentioned(work));
  });

  test('a flipped bit in a stored part is damage, and names the part', async () => {
    const backup = await putBackup(drive);
    await drive.admin(`POST files/${backup.manifest.parts[1]!.file}/corrupt`, { how: 'flip', offset: 5000 });

    const ended = await restore(['stream', backup.id]);

    assertRefused(ended, 30, /^ERROR: part 2 of 3 is damaged: its stored sha256 is/m, backup.stream, MIB);
  });

  test('a part that is gone is damage, and names the part', async () => {
    const backup = await putBackup(drive);
    await drive.admin(`POST files/${backup.manifest.parts[2]!.file}/corrupt`, { how: 'delete' });

    const ended = await restore(['stream', backup.id]);

    assertRefused(ended, 30, /^ERROR: part 3 of 3 is missing/m, backup.stream, 2 * MIB);
  });

  test('a truncated part is damage, and names the part', async () => {
    const backup = await putBackup(drive);
    await drive.admin(`POST files/${backup.manifest.parts[0]!.file}/corrupt`, { how: 'truncate', size: 700 });

    const ended = await restore(['stream', backup.id]);

    assertRefused(ended, 30, /^ERROR: part 1 of 3 is damaged: it has 700 bytes/m, backup.stream, 0);
  });

  test('two parts that changed places are damage', async () => {
    const backup = await putBackup(drive);
    const [first, second] = backup.manifest.parts;
    await drive.admin(`POST files/${first!.file}/corrupt`, {
      how: 'swap',
      with: second!.file,
      honest: false,
    });

    const ended = await restore(['stream', backup.id]);

    assertRefused(ended, 30, /^ERROR: part 1 of 3 is damaged/m, backup.stream, 0);
  });

  test('a wrong passphrase is told, and nothing is written', async () => {
    const backup = await putBackup(drive);
    const wrong = await makeKit(drive);
    writeFileSync(join(wrong, 'passphrase'), 'wrong\n');

    const ended = await restore(['stream', backup.id], wrong);

    assertRefused(ended, 30, /cannot be decrypted: .* passphrase/m, backup.stream, 0);
  });

  test('a manifest that nobody encrypted is refused, though gpg prints it', async () => {
    const backup = await putBackup(drive);
    const kitOfForger = await makeKit(drive);
    const forged = await execa('gpg', ['--batch', '--store', '--compress-algo', 'none'], {
      input: JSON.stringify(backup.manifest),
      encoding: 'buffer',
      stripFinalNewline: false,
    });
    writeFileSync(join(drive.state, blobOf(backup.manifestFile)), forged.stdout);

    const ended = await restore(['stream', backup.id], kitOfForger);

    assertRefused(ended, 30, /^ERROR: the manifest of backup .* cannot be decrypted/m, backup.stream, 0);
  });

  test('a manifest that anybody with the public key could have written is refused, though the secret key opens it', async () => {
    const { keys } = makeKeys({});
    const good = await putBackup(drive, { keys });
    const forged = await putBackup(drive, { keys, forged: true });
    const kitWithKey = await makeKit(drive);
    writeFileSync(join(kitWithKey, 'secret-key.asc'), keys[0]!.secret);

    const refused = await restore(['stream', forged.id], kitWithKey);
    const restored = await restore(['stream', good.id], kitWithKey);

    assert.equal(restored.code, 0, restored.said);
    assert.ok(restored.stdout.equals(good.stream));
    assertRefused(refused, 30, /^ERROR: the manifest of backup .* cannot be decrypted/m, forged.stream, 0);
  });

  test('a whole-stream hash that is not the manifest’s keeps the last part back', async () => {
    const manifest = (m: Manifest) => ({ ...m, stream: { ...m.stream, sha256: '0'.repeat(64) } });
    const backup = await putBackup(drive, { manifest });

    const ended = await restore(['stream', backup.id]);

    assertRefused(ended, 30, /^ERROR: every part is right, but the whole/m, backup.stream, 2 * MIB);
  });

  test('a plain hash that is not the manifest’s keeps the part back', async () => {
    const manifest = (m: Manifest) => {
      m.parts[1]!.stream.sha256 = '0'.repeat(64);
      return m;
    };
    const backup = await putBackup(drive, { manifest });

    const ended = await restore(['stream', backup.id]);

    assertRefused(ended, 30, /^ERROR: part 2 of 3: the sha256 of its plain/m, backup.stream, MIB);
  });

  const invalid: [string, (manifest: Manifest) => unknown, RegExp][] = [
    ['of an unknown format', (m) => ({ ...m, format: 'haven-b/2' }), /its format is haven-b\/2/],
    ['of another backup', (m) => ({ ...m, backup: 'ab'.repeat(16) }), /of another backup/],
    ['without parts', (m) => ({ ...m, parts: [] }), /no parts/],
    ['with a part left out', (m) => ({ ...m, parts: [m.parts[0], m.parts[2]] }), /entry 2/],
    ['with a gap', (m) => moved(m, 1, 7), /a gap or an overlap before part 2/],
    ['with an overlap', (m) => moved(m, 2, -7), /a gap or an overlap before part 3/],
    ['with a shorter sum', (m) => ({ ...m, stream: { ...m.stream, bytes: 1 } }), /its parts make/],
    ['with a path for a file id', (m) => fileOf(m, '../about'), /entry 1/],
    ['that is not JSON of an object', () => ['x'], /not the JSON|its format/],
  ];
  for (const [name, manifest, reason] of invalid) {
    test(`a manifest ${name} is refused`, async () => {
      const backup = await putBackup(drive, { manifest });

      const ended = await restore(['stream', backup.id]);

      assertRefused(ended, 30, reason, backup.stream, 0);
    });
  }

  test('a backup that is not there is named', async () => {
    const ended = await restore(['stream', '0f'.repeat(16)]);

    assertRefused(ended, 30, /^ERROR: there is no backup 0f0f/m, Buffer.alloc(0), 0);
  });

  test('a revoked sign-in is told as such', async () => {
    const backup = await putBackup(drive);
    await drive.admin('POST clients', { clientId: 'gone', clientSecret: 's' });
    const revoked = await makeKit(drive);
    const oauth = { client_id: 'gone', client_secret: 's', refresh_token: 'gone' };
    writeFileSync(join(revoked, 'google-oauth.json'), JSON.stringify(oauth));

    const ended = await restore(['stream', backup.id], revoked);

    assertRefused(ended, 22, /^ERROR: Google refuses the kit's sign-in \(invalid_grant\)/m, backup.stream, 0);
  });

  test('refusals that pass are survived: 503, 429, 403, 500, 401', async () => {
    const backup = await putBackup(drive);
    for (const [name, match] of [
      ['server-error-503', 'token'],
      ['server-error-500', 'list'],
      ['rate-limit-403', 'list'],
      ['unauthorized-401', 'download'],
      ['too-many-429', 'download'],
    ]) {
      await drive.fault(name!, { match });
    }

    const ended = await restore(['stream', backup.id]);

    assert.equal(ended.code, 0, ended.said);
    assert.ok(ended.stdout.equals(backup.stream));
    assert.deepEqual(await drive.remainingFaults(), []);
  });

  test('a store that stays down is "try later", not damage', async () => {
    const backup = await putBackup(drive);
    await drive.fault('server-error-503', { match: 'download', times: 50 });

    const ended = await restore(['stream', backup.id]);

    assertRefused(ended, 11, /^ERROR: .* no luck after 3 attempts/m, backup.stream, 0);
  });

  test('access tokens that expire in the middle are replaced', async () => {
    const backup = await putBackup(drive);
    await drive.fault('unauthorized-401', { match: 'download', nth: 2 });

    const ended = await restore(['stream', backup.id]);

    assert.equal(ended.code, 0, ended.said);
  });

  test('secrets are in no argument of any program it starts', async () => {
    const backup = await putBackup(drive);
    const trace = await execa('dash', ['-x', join(kit, 'restore-b.sh'), 'stream', backup.id], {
      env: { TMPDIR: work },
      encoding: 'buffer',
      stripFinalNewline: false,
    });

    const commands = Buffer.from(trace.stderr).toString();

    assert.match(commands, /curl/);
    assert.doesNotMatch(commands, /refresh-1|secret-1|correct horse|Bearer ya29|Bearer [A-Za-z0-9]/);
  });

  test('a disk without room is told before the download', async () => {
    const backup = await putBackup(drive, {
      manifest: (m) => {
        m.parts[0]!.stored.bytes = 1e15;
        return m;
      },
    });

    const ended = await restore(['stream', backup.id]);

    assertRefused(ended, 23, /^ERROR: part 1 of 3: needs/m, backup.stream, 0);
  });
});

describe('restore-b.sh restore', () => {
  // A zfs that knows no dataset, and appends what it is told to receive to a file.
  function fakeZfs(exitCode = 0): { path: string; received: () => string } {
    const folder = mkdtempSync(join(tmpdir(), 'haven-fake-zfs-'));
    const log = join(folder, 'received');
    const script = `#!/bin/sh\ncase $1 in receive) echo "$*" >> ${log}; cat >> ${log}; exit ${exitCode} ;; *) exit 1 ;; esac\n`;
    writeFileSync(join(folder, 'zfs'), script, { mode: 0o755 });
    return { path: `${folder}:${process.env.PATH}`, received: () => readFileSync(log, 'latin1') };
  }

  test('receives a chain from its full on, each upon its base, into one dataset', async () => {
    const full = await putBackup(drive, { guid: '1', stream: Buffer.from('[full]') });
    const middle = await putBackup(drive, { guid: '2', on: full, stream: Buffer.from('[next]') });
    const last = await putBackup(drive, { guid: '3', on: middle, stream: Buffer.from('[last]') });
    const zfs = fakeZfs();

    const ended = await restore(['restore', last.id, 'tank/new one'], kit, { PATH: zfs.path });

    assert.equal(ended.code, 0, ended.said);
    const call = 'receive -u tank/new one\n';
    assert.equal(zfs.received(), `${call}[full]${call}[next]${call}[last]`);
  });

  test('a damaged part is the reason that is told, with its exit code', async () => {
    const backup = await putBackup(drive);
    await drive.admin(`POST files/${backup.manifest.parts[1]!.file}/corrupt`, { how: 'flip', offset: 5000 });

    const ended = await restore(['restore', backup.id, 'tank/new'], kit, { PATH: fakeZfs(1).path });

    assertRefused(ended, 30, /^ERROR: part 2 of 3 is damaged/m, Buffer.alloc(0), 0);
    assert.match(ended.said, /zfs destroy -r tank\/new/);
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`stopped by ${signal} while it fetches ahead, it leaves neither files nor a download behind`, async () => {
      const backup = await putBackup(drive, { stream: randomBytes(3 * MIB) });
      await drive.fault('stall', { match: 'download', nth: 4, afterBytes: 1000, seconds: 60 });
      await drive.admin('DELETE requests');
      const running = start(['restore', backup.id, 'tank/new'], { PATH: fakeZfs().path });
      await until(async () => (await drive.remainingFaults()).length === 0);

      // Ctrl-C of a terminal goes to all of them, and what runs in a shell's background ignores it.
      process.kill(-running.pid!, signal);
      const ended = await collected(running);

      assert.equal(ended.code, code, ended.said);
      await until(async () => !mentioned(work));
    });
  }

  test('a zfs that refuses the stream is not success', async () => {
    const backup = await putBackup(drive, { stream: Buffer.from('[full]') });

    const ended = await restore(['restore', backup.id, 'tank/new'], kit, { PATH: fakeZfs(1).path });

    assertRefused(ended, 1, /^ERROR: zfs did not accept backup/m, Buffer.alloc(0), 0);
  });

  test('a chain whose base is gone is damage', async () => {
    const stream = Buffer.from('[next]');
    const backup = await putBackup(drive, {
      stream,
      manifest: (m) => ({ ...m, kind: 'incremental', base: 'ab'.repeat(16), baseGuid: '1' }),
    });

    const ended = await restore(['restore', backup.id, 'tank/new'], kit, { PATH: fakeZfs().path });

    assertRefused(ended, 30, /^ERROR: there is no backup abab/m, Buffer.alloc(0), 0);
  });

  test('a chain whose base is of another snapshot than the incremental starts from is damage', async () => {
    const full = await putBackup(drive, { guid: '1' });
    const backup = await putBackup(drive, { on: full, manifest: (m) => ({ ...m, baseGuid: '7' }) });

    const ended = await restore(['restore', backup.id, 'tank/new'], kit, { PATH: fakeZfs().path });

    assertRefused(ended, 30, /^ERROR: the chain of backup .* is broken/m, Buffer.alloc(0), 0);
  });
});

describe('restore-b.sh', () => {
  test('lists backups, newest first, whatever the page size', async () => {
    const lonely = await startEmulator();
    await lonely.admin('POST settings', { maxPageSize: 2 });
    const stream = Buffer.from('tiny');
    const made = [];
    for (const day of ['21', '23', '22']) {
      made.push(await putBackup(lonely, { stream, committedAt: `2026-11-${day}T00:00:00.000Z` }));
    }

    const ended = await restore(['list'], await makeKit(lonely));

    await lonely.dispose();
    assert.equal(ended.code, 0, ended.said);
    const lines = ended.stdout.toString().trim().split('\n');
    assert.deepEqual(
      lines.map((line) => line.split('\t')[0]),
      [made[1]!.id, made[2]!.id, made[0]!.id],
    );
    assert.equal(lines[0], `${made[1]!.id}\tfull\t2026-11-23T00:00:00.000Z\thome\t4`);
  });

  const incomplete: [string, (folder: string) => void, RegExp][] = [
    ['without passphrase', (f) => rmSync(join(f, 'passphrase')), /passphrase is not beside/],
    ['with an empty passphrase', (f) => writeFileSync(join(f, 'passphrase'), '\n'), /'passphrase' is empty/],
    ['with another store.json', (f) => writeFileSync(join(f, 'store.json'), '{}'), /store.json is not one/],
    ['with half a sign-in', (f) => writeFileSync(join(f, 'google-oauth.json'), '{}'), /has no client_id/],
  ];
  for (const [name, spoil, reason] of incomplete) {
    test(`a kit ${name} is refused with the remedy`, async () => {
      const spoilt = await makeKit(drive);
      spoil(spoilt);

      const ended = await restore(['list'], spoilt);

      assertRefused(ended, 3, reason, Buffer.alloc(0), 0);
    });
  }

  test('explains itself', async () => {
    const ended = await restore(['--help']);

    assert.equal(ended.code, 0);
    assert.match(ended.stdout.toString(), /apt-get install curl jq gnupg/);
  });

  for (const args of [[], ['stream'], ['stream', '../x'], ['restore', 'ab', 'tank'], ['sing']]) {
    test(`refuses the command line "${args.join(' ')}"`, async () => {
      assert.equal((await restore(args)).code, 3);
    });
  }
});

/** A PATH with all programs but one. */
function pathWithout(program: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'haven-path-'));
  for (const directory of ['/bin', '/usr/bin', '/usr/sbin'])
    for (const name of readdirSync(directory)) {
      if (name === program || existsSync(join(folder, name))) continue;
      symlinkSync(join(directory, name), join(folder, name));
    }
  return folder;
}

function moved(manifest: Manifest, n: number, by: number): Manifest {
  manifest.parts[n]!.stream.offset += by;
  return manifest;
}

function fileOf(manifest: Manifest, file: string): Manifest {
  manifest.parts[0]!.file = file;
  return manifest;
}

/** Where the emulator keeps the bytes of a file, relative to its state. */
function blobOf(file: string): string {
  for (const name of readdirSync(drive.state, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith(`${file}.json`)) continue;
    const { content } = JSON.parse(readFileSync(join(drive.state, name), 'utf8')) as {
      content: { blob: string };
    };
    return join('blobs', content.blob);
  }
  throw new Error('the emulator keeps its files in another way now');
}
