// What controller/kit/RECOVERY.md tells a stranger to type without restore-b.sh is typed here, as it stands there.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { type BackupOnDrive, PASSPHRASE, putBackup } from '../drill/backup-on-drive.ts';
import { type StartedEmulator, startEmulator } from '../servers/drive/tests/started-emulator.ts';

const page = readFileSync(new URL('../../controller/kit/RECOVERY.md', import.meta.url), 'utf8');
let drive: StartedEmulator;
let folder: string;

before(async () => {
  drive = await startEmulator();
  folder = mkdtempSync(join(tmpdir(), 'haven-by-hand-'));
});
after(async () => {
  await drive.dispose();
  rmSync(folder, { recursive: true, force: true });
});

for (const compression of ['zstd', 'xz'] as const) {
  test(`the lines for restoring by hand give the stream back, and find damage (${compression})`, () =>
    restoredByHand(compression));
}

async function restoredByHand(compression: 'zstd' | 'xz'): Promise<void> {
  const backup = await putBackup(drive, { partBytes: 250_000, compression });
  downloadInBrowser(backup);

  const good = await byHand(backup.id);
  const stream = readFileSync(join(folder, 'stream'));
  writeFileSync(join(folder, backup.manifest.parts[3]!.name), 'rotten');
  const bad = await byHand(backup.id);

  assert.equal(good.exitCode, 0, good.all);
  assert.match(good.all, /stream: OK/);
  assert.ok(stream.equals(backup.stream));
  assert.notEqual(bad.exitCode, 0);
  assert.match(bad.all, /h1-[0-9a-f]+-000003: FAILED/);
}

function byHand(id: string) {
  const section = page.slice(page.indexOf('## Without the sign-in'));
  const lines = section.match(/^ {4}.*$/gm) ?? [];
  const typed = lines
    .filter((line) => !line.includes('zfs receive'))
    .map((line) => line.replaceAll('ID', id));
  assert.ok(typed.length >= 6, 'the page still has its lines');
  return execa('bash', ['-e', '-o', 'pipefail', '-c', typed.join('\n')], {
    cwd: folder,
    all: true,
    reject: false,
  });
}

/** The files of a backup by their names, as a browser saves them. */
function downloadInBrowser(backup: BackupOnDrive): void {
  writeFileSync(join(folder, 'passphrase'), `${PASSPHRASE}\n`);
  for (const name of readdirSync(join(drive.state, 'files'))) {
    const file = JSON.parse(readFileSync(join(drive.state, 'files', name), 'utf8')) as {
      name: string;
      content: { blob: string };
    };
    if (file.name.includes(backup.id)) {
      copyFileSync(join(drive.state, 'blobs', file.content.blob), join(folder, file.name));
    }
  }
}
