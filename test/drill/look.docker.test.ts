// The image's `look` as the contract runs it: opens a real store's likeness with the kit alone. gosop decrypts what gpg encrypted.
import assert from 'node:assert/strict';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { parseEvent } from '../conformance/container.ts';
import { startEmulator } from '../servers/drive/tests/started-emulator.ts';
import { makeKit, putBackup } from './backup-on-drive.ts';

const image = process.env.HAVEN_DRILL_IMAGE ?? 'haven/drill';

async function look(kit: string) {
  const folder = mkdtempSync(join(tmpdir(), 'haven-drill-look-'));
  for (const file of ['store.json', 'google-oauth.json', 'passphrase', 'restore-b.sh', ''])
    chownSync(join(kit, file), 1000, 1000);
  mkdirSync(join(folder, 'work'));
  chownSync(join(folder, 'work'), 1000, 1000);
  const request = { contract: '1.0', verb: 'look', run: 'r1', strategy: 'b' };
  writeFileSync(join(folder, 'request.json'), JSON.stringify(request), { mode: 0o644 });
  const confined = [
    '--user',
    '1000:1000',
    '--read-only',
    '--cap-drop',
    'ALL',
    '--security-opt',
    'no-new-privileges',
  ];
  const mounts = [
    `${folder}/request.json:/haven/request.json:ro`,
    `${kit}:/haven/kit:ro`,
    `${folder}/work:/haven/work`,
  ];
  // As in every drill of strategy B: without gpg, which encrypted it.
  const args = [...mounts, '/dev/null:/usr/bin/gpg:ro'].flatMap((mount) => ['--volume', mount]);
  const all = [
    'run',
    '--rm',
    '--network',
    'host',
    '--tmpfs',
    '/tmp:size=64m,mode=1777',
    ...confined,
    ...args,
  ];
  const ended = await execa('docker', [...all, image, 'look'], { reject: false });
  rmSync(folder, { recursive: true, force: true });
  const result = parseEvent(ended.stdout.split('\n').at(-1)!) as Record<string, unknown>;
  return { code: ended.exitCode, result, output: ended.stdout + ended.stderr };
}

test('it counts the backups of a store, and opens it with no other passphrase than the kit’s', async (context) => {
  const drive = await startEmulator();
  const kit = await makeKit(drive);
  context.after(async () => {
    await drive.dispose();
    rmSync(kit, { recursive: true, force: true });
  });
  const full = await putBackup(drive, {
    stream: Buffer.alloc(1000),
    committedAt: '2026-11-20T20:00:00.000Z',
  });
  await putBackup(drive, { stream: Buffer.alloc(900), on: full, committedAt: '2026-11-22T20:00:00.000Z' });

  const good = await look(kit);
  writeFileSync(join(kit, 'passphrase'), 'another one\n');
  const wrong = await look(kit);

  assert.equal(good.code, 0, good.output);
  const { backups, newestAt } = good.result.looked as Record<string, unknown>;
  assert.deepEqual([backups, newestAt], [2, '2026-11-22T20:00:00.000Z']);
  assert.ok(!good.output.includes('tank/my data') && !good.output.includes(full.id));
  assert.equal(wrong.code, 30, wrong.output);
  assert.match((wrong.result.error as { message: string }).message, /2 of the manifests cannot be used/);
});
