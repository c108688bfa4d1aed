// What was backed up can be restored with gpg, xz and sha256sum alone, as FORMAT.md says; and nothing but ciphertext left.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { contractSchema } from '../conformance/schema.ts';
import {
  type Bench,
  createBench,
  type DriveFile,
  listed,
  passphrase,
  type RunResult,
  storedFiles,
} from './harness.ts';
import { canaries, fakeSource } from './sources.ts';

const source = fakeSource();
let bench: Bench;
let backup: RunResult;

before(async () => {
  bench = await createBench([source]);
  backup = await bench.backup([source]);
});
after(() => bench.dispose());

test('a backup is committed, and each of its events is one of the contract', () => {
  const valid = contractSchema('event');

  assert.equal(backup.status, 0, backup.stdout + backup.stderr);
  for (const event of backup.events) assert.ok(valid(event), JSON.stringify(valid.errors));
  assert.equal(backup.result.backups?.[0]?.parts, 4);
  assert.equal(backup.result.backups?.[0]?.streamBytes, source.stream.length);
  assert.equal(backup.events.filter(({ event }) => event === 'part').length, 4);
});

test('the commands of FORMAT.md give back the stream', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'haven-restore-'));
  try {
    for (const file of await storedFiles(bench.drive))
      if (file.blobPath !== undefined) writeFileSync(join(folder, file.name), readFileSync(file.blobPath));
    writeFileSync(join(folder, 'passphrase'), `${passphrase}\n`);
    const home = join(folder, 'gnupg');
    const script = `
      set -e
      mkdir -m 700 ${home}; export GNUPGHOME=${home}
      decrypt() { gpg --quiet --batch --pinentry-mode loopback --passphrase-file passphrase -d "$1"; }
      decrypt h1-*-manifest > manifest.json
      for part in h1-*-[0-9]*; do decrypt "$part" | xz -d; done > stream
      gpgconf --kill gpg-agent`;
    execFileSync('bash', ['-c', script], { cwd: folder, stdio: 'pipe' });

    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    const stream = readFileSync(join(folder, 'stream'));
    assert.ok(stream.equals(source.stream));
    assert.equal(manifest.stream.sha256, createHash('sha256').update(source.stream).digest('hex'));
    assert.equal(manifest.source.dataset, source.dataset);
    for (const part of manifest.parts) {
      const stored = readFileSync(join(folder, part.name));
      assert.equal(part.stored.sha256, createHash('sha256').update(stored).digest('hex'));
      assert.equal(part.stored.md5, createHash('md5').update(stored).digest('hex'));
      assert.equal(part.stored.bytes, stored.length);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('list shows the backup, and audit finds nothing wrong with one list call', async () => {
  const list = await bench.run('list');
  const audit = await bench.run('audit');

  assert.equal(listed(list)[0]?.id, backup.result.backups?.[0]?.id);
  assert.deepEqual(list.result.incomplete, []);
  assert.equal(audit.status, 0, audit.stdout);
  assert.deepEqual(audit.result.audit?.findings, []);
  assert.equal(audit.result.audit?.parts, 4);
  assert.ok(audit.result.audit!.calls <= 2, `${audit.result.audit?.calls} calls`);
});

test('state is a cache: without it the same is listed', async () => {
  const first = await bench.run('list');
  rmSync(join(bench.folder, 'state'), { recursive: true });

  const second = await bench.run('list');

  assert.equal(second.status, 0);
  assert.equal(listed(first).length, 1);
  assert.deepEqual(listed(second), listed(first));
});

test('no canary is in anything that the store received, or that was printed', async () => {
  const received = filesBelow(bench.drive.state)
    .filter((path) => !path.endsWith('.pem'))
    .map((path) => [path, readFileSync(path)] as const);
  const printed = ['stdout', 'stderr'].map(
    (name) => [name, Buffer.from(backup[name as 'stdout' | 'stderr'])] as const,
  );

  assert.ok(
    received.some(([, bytes]) => bytes.length > 90_000),
    'nothing was searched',
  );
  for (const [place, bytes] of [...received, ...printed])
    for (const canary of canaries) assert.ok(!bytes.includes(canary), `${canary} in ${place}`);
});

test('what stands in Drive in clear is the set’s name, random ids, numbers and sizes', async () => {
  const { id } = backup.result.backups![0]!;
  interface Raw {
    name: string;
    mimeType: string;
    properties: object;
    appProperties: Record<string, object>;
  }
  const files = (await bench.drive.admin('GET files')).files as Raw[];
  const told = files.map(({ name, mimeType, properties, appProperties, ...rest }) => {
    for (const [key, value] of Object.entries(rest))
      if (typeof value === 'string') assert.match(key, /^(id|madeBy|blobPath|blobSha256)$/);
    return { name, mimeType, properties, ...Object.values(appProperties)[0] };
  });

  const set = { haven: 'haven', properties: {} };
  const bytes = { ...set, mimeType: 'application/octet-stream', backup: id };
  const parts = Array.from({ length: 4 }, (_, n) => {
    return { ...bytes, name: `h1-${id}-00000${n}`, kind: 'part', part: String(n) };
  });
  assert.deepEqual(
    told.toSorted((one, other) => one.name.localeCompare(other.name)),
    [
      ...parts,
      { ...bytes, name: `h1-${id}-manifest`, kind: 'manifest' },
      { ...set, name: 'Haven haven', mimeType: 'application/vnd.google-apps.folder', kind: 'folder' },
    ],
  );
  assert.match(String(id), /^[0-9a-f]{32}$/);
});

test('no token, no session URI and no credential was printed', () => {
  for (const secret of ['upload_id', 'Bearer', 'refresh-1', 'secret-1', 'ya29'])
    assert.ok(!(backup.stdout + backup.stderr).includes(secret), secret);
});

test('the newest hold stays, and the folder for people has its name', async () => {
  const id = backup.result.backups?.[0]?.id;
  const files = await storedFiles(bench.drive);

  assert.deepEqual(bench.tools.holds(), [`${source.dataset}@${source.snapshot}\thaven:b:${id}`]);
  assert.ok(files.some((file: DriveFile) => file.name === 'Haven haven'));
  assert.deepEqual(readdirSync(join(bench.folder, 'tmp')), []);
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
