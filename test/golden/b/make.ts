// Made test/golden/b/v1, once: strategy B itself, with real xz, zstd and gpg, on recorded streams of a real pool, against the Drive emulator.
//   node test/golden/b/make.ts STREAMS FOLDER      STREAMS: full.zfs, incremental.zfs and guids, as record-streams.sh wrote them
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBench, passphrase, type RunResult, storedFiles } from '../../strategy-b/harness.ts';
import type { Expected, GoldenObject } from './golden-drive.ts';

const [streams = '', out = ''] = process.argv.slice(2);
if (out === '' || existsSync(out))
  throw new Error(`${out} is there, or was not named: golden backups are made once`);
const [first, second] = readFileSync(join(streams, 'guids'), 'utf8')
  .split('\n')
  .map((line) => line.split('\t')[1]!);
const full = readFileSync(join(streams, 'full.zfs'));
const incremental = readFileSync(join(streams, 'incremental.zfs'));
const common = { dataset: 'haven-golden/data' };
const older = { ...common, snapshot: 'haven-1', guid: first!, stream: full, txg: 100 };
// Nobody asks for a full of the newer one.
const newer = {
  ...common,
  snapshot: 'haven-2',
  guid: second!,
  stream: full,
  from: { [first!]: incremental },
  txg: 101,
};

const bench = await createBench([older, newer]);
try {
  const settings = (method: 'xz' | 'zstd', level: number) => ({
    partBytes: 100_000,
    compression: { method, level },
  });
  const runs = [
    await bench.backup([older], settings('xz', 6)),
    await bench.backup([newer], settings('zstd', 9)),
  ];
  const expected = runs.map((run, i) => expectedOf(run, [full, incremental][i]!));
  const token = await signIn();
  const objects: GoldenObject[] = [];
  mkdirSync(join(out, 'objects'), { recursive: true });
  for (const { id, name, blobPath } of await storedFiles(bench.drive)) {
    if (blobPath === undefined) continue;
    const bytes = readFileSync(blobPath);
    const answer = await fetch(`${bench.drive.url}/drive/v3/files/${id}?fields=appProperties`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const { appProperties } = (await answer.json()) as Pick<GoldenObject, 'appProperties'>;
    objects.push({ id, name, appProperties, sha256: sha256(bytes) });
    writeFileSync(join(out, 'objects', name), bytes);
  }
  const write = (name: string, value: unknown) =>
    writeFileSync(join(out, name), `${JSON.stringify(value, null, 2)}\n`);
  write(
    'objects.json',
    objects.toSorted((one, other) => one.name.localeCompare(other.name)),
  );
  write('expected.json', expected);
  writeFileSync(join(out, 'passphrase'), `${passphrase}\n`);
} finally {
  await bench.dispose();
}

function expectedOf({ status, result, stderr }: RunResult, stream: Buffer): Expected {
  const backup = result.backups?.[0];
  if (status !== 0 || backup === undefined) throw new Error(`no backup: ${stderr}`);
  if (backup.streamSha256 !== sha256(stream))
    throw new Error('another stream was backed up than was recorded');
  const { id, kind, guid } = backup;
  return { backup: id, kind, guid, streamBytes: stream.length, streamSha256: sha256(stream) };
}

async function signIn(): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'refresh-1' });
  body.append('client_id', 'client-1');
  body.append('client_secret', 'secret-1');
  const answer = await fetch(`${bench.drive.url}/token`, { method: 'POST', body });
  return ((await answer.json()) as { access_token: string }).access_token;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
