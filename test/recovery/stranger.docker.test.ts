// What the kit's page tells a stranger to type is typed here, as it stands there, in a bare Debian that has the packages of that page and the kit, and nothing of Haven.
// Of strategy B without ZFS: what `zfs receive` is given is looked at; test/e2e/first-light does the same on a real pool.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type BackupOnDrive, makeKit, putBackup } from '../drill/backup-on-drive.ts';
import { COMPARE, DRILL, type Ground, STRANGER, startGround } from '../kit-a/swift-and-kit.ts';
import { type StartedEmulator, startEmulator } from '../servers/drive/tests/started-emulator.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'controller/kit/RECOVERY.md'), 'utf8');

/** Given the beginning of a section's title, return the lines that it tells to type. */
function typed(title: string): string[] {
  const [, ...sections] = page.split(/^## /m);
  const section = sections.find((one) => one.startsWith(title));
  assert.ok(section, `the page has a section ${title}`);
  return (section.match(/^ {4}.*$/gm) ?? []).map((line) => line.trim());
}

const line = (title: string, beginning: string): string => {
  const found = typed(title).find((one) => one.startsWith(beginning));
  assert.ok(found, `section ${title} tells to type ${beginning}`);
  return found;
};

/** The first id of a list, as a stranger would take it. */
const firstId = (list: string): string => list.split('\n')[0]!.split(/\s/)[0]!;

describe('strategy B, in Google Drive', () => {
  let drive: StartedEmulator;
  let kit: string;
  let folder: string;
  let older: BackupOnDrive;
  let newer: BackupOnDrive;

  before(async () => {
    drive = await startEmulator();
    older = await putBackup(drive, { stream: Buffer.from('[full]'), guid: '11' });
    const on = { on: older, guid: '12', committedAt: '2026-11-24T20:00:00.000Z' };
    newer = await putBackup(drive, { stream: Buffer.from('[next]'), ...on });
    folder = mkdtempSync(join(tmpdir(), 'haven-recovery-'));
    kit = join(folder, 'kit');
    mkdirSync(join(kit, 'b'), { recursive: true });
    const half = await makeKit(drive);
    for (const name of ['restore-b.sh', 'store.json', 'passphrase', 'google-oauth.json'])
      copyFileSync(join(half, name), join(kit, 'b', name));
    // It knows no dataset but `tank`, and keeps what it is to receive, with its options.
    const zfs = `#!/bin/sh\ncase $1 in\n  list) exit 1 ;;\n  receive) { printf '%s' "$*:"; cat; } >> /received/streams ;;\nesac\n`;
    writeFileSync(join(folder, 'zfs'), zfs, { mode: 0o755 });
    mkdirSync(join(folder, 'received'));
  });
  after(async () => {
    await drive.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const type = (lines: string[]) => {
    const args = [
      'run',
      '--rm',
      '--network',
      'host',
      '--volume',
      `${kit}:/root/kit:ro`,
      '--workdir',
      '/root',
    ];
    args.push('--volume', `${folder}/received:/received`, '--volume', `${folder}/zfs:/usr/local/sbin/zfs:ro`);
    return execa('docker', [...args, 'haven/stranger', 'bash', '-ec', lines.join('\n')], { reject: false });
  };

  test('the list shows what there is, and its first id restored brings the chain, each stream once', async () => {
    const enter = line('3.', 'cd ');
    const listed = await type([enter, line('3.', 'sh ')]);
    const restored = await type([enter, line('4.', 'sh ').replace('ID', firstId(listed.stdout))]);

    assert.equal(listed.exitCode, 0, listed.stderr);
    assert.equal(firstId(listed.stdout), newer.id);
    assert.match(listed.stdout, new RegExp(older.id));
    assert.equal(restored.exitCode, 0, restored.stderr);
    const call = 'receive -u tank/restored:';
    assert.equal(readFileSync(join(folder, 'received/streams'), 'utf8'), `${call}[full]${call}[next]`);
  });

  test('a machine on which a file of the kit is missing is told so, not given half', async () => {
    rmSync(join(kit, 'b', 'passphrase'));

    const ended = await type([line('3.', 'cd '), line('3.', 'sh ')]);

    assert.equal(ended.exitCode, 3, ended.stderr);
    assert.match(ended.stderr, /^WHAT TO DO: ./m);
  });
});

describe('strategy A, in Swift', () => {
  let ground: Ground;
  before(async () => {
    ground = await startGround();
    await ground.write('full', 'aa'.repeat(16));
  });
  after(() => ground.dispose());

  test('the list shows what there is, and its first id restored is the tree that was backed up', async () => {
    // The ground has the kit's half at /kit, and its room at /haven/out.
    const place = (text: string) =>
      text.replaceAll('kit/a', '/kit').replaceAll('/mnt/restored', '/haven/out/new');
    const enter = place(line('5.', 'cd '));
    const kit = ground.kit();
    const listed = await ground.run(STRANGER, kit, `${enter} && ${line('5.', 'sh restore-a.sh list')}`);
    const restore = place(line('5.', 'sh restore-a.sh restore')).replace('ID', firstId(listed.stdout));
    const restored = await ground.run(STRANGER, kit, `${enter} && ${restore}`);
    const compared = await ground.run(DRILL, kit, COMPARE, ['--cap-add', 'DAC_READ_SEARCH']);

    assert.equal(listed.code, 0, listed.said);
    assert.equal(firstId(listed.stdout), 'aa'.repeat(16));
    assert.equal(restored.code, 0, restored.said);
    assert.match(compared.stdout, /^[1-9]\d* \{\}$/m, compared.stdout + compared.said);
  });
});

test('the bare machines have the packages of the page, and nothing else was installed', () => {
  // A container has the host's kernel: its headers and the building of ZFS for it are for a real computer only.
  const real = new Set(['linux-headers-amd64', 'zfs-dkms']);
  const packages = (text: string) =>
    [...text.matchAll(/apt-get install (?:-\S+ )*([^\n&]*)/g)]
      .flatMap(([, names]) => names!.match(/\S+/g) ?? [])
      .filter((name) => name !== '\\' && !real.has(name))
      .sort();
  const told = { b: typed('1.').join('\n'), a: typed('5.').join('\n') };

  for (const half of ['a', 'b'] as const) {
    const dockerfile = readFileSync(join(root, `test/recovery/debian-${half}/Dockerfile`), 'utf8');
    assert.ok(packages(told[half]).length > 3);
    assert.deepEqual(packages(dockerfile), packages(told[half]));
  }
});
