// Backups that strategy B made in the past come back byte for byte, by the kit's own program of today; and no damaged copy of one does.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { makeKit } from '../../drill/backup-on-drive.ts';
import { type StartedEmulator, startEmulator } from '../../servers/drive/tests/started-emulator.ts';
import { type GoldenObject, plant, readGolden } from './golden-drive.ts';

const golden = readGolden('v1');
let drive: StartedEmulator;
let kit: string;
let work: string;

before(async () => {
  drive = await startEmulator();
  kit = await makeKit(drive);
  work = mkdtempSync(join(tmpdir(), 'haven-golden-'));
  copyFileSync(join(golden.folder, 'passphrase'), join(kit, 'passphrase'));
  await plant(drive, golden, golden.objects);
});
after(async () => {
  await drive.dispose();
  for (const folder of [kit, work]) rmSync(folder, { recursive: true, force: true });
});

async function restore(...args: string[]) {
  const run = await execa('dash', [join(kit, 'restore-b.sh'), ...args], {
    reject: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    env: { TMPDIR: work, HAVEN_ATTEMPTS: '2' },
  });
  return { code: run.exitCode, stdout: Buffer.from(run.stdout), said: Buffer.from(run.stderr).toString() };
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('what is committed is what was made', () => {
  for (const object of golden.objects)
    assert.equal(sha256(golden.content(object)), object.sha256, object.name);
  assert.equal(golden.objects.length, 5);
});

test('both are listed', async () => {
  const { code, stdout, said } = await restore('list');

  assert.equal(code, 0, said);
  const lines = stdout.toString().trimEnd().split('\n');
  const listed = lines
    .map((line) => line.split('\t'))
    .map(([id, kind, , , bytes]) => [id, kind, Number(bytes)]);
  const expected = golden.expected.map(({ backup, kind, streamBytes }) => [backup, kind, streamBytes]);
  assert.deepEqual(listed.toSorted(), expected.toSorted());
});

/** What each does to the bytes, or to the whole file. */
const damages: [string, (bytes: number) => Record<string, unknown>][] = [
  ['a flipped bit in the middle', (bytes) => ({ how: 'flip', offset: Math.floor(bytes / 2) })],
  ['its end cut off', (bytes) => ({ how: 'truncate', size: bytes - 1 })],
  ['gone', () => ({ how: 'delete' })],
];

for (const object of golden.objects) {
  for (const [damage, how] of damages) {
    test(`${labelOf(object)}, ${damage}: it is said, and not restored`, async () => {
      await drive.admin(`POST files/${object.id}/corrupt`, how(golden.content(object).length));

      const { code, stdout, said } = await restore('stream', object.appProperties.backup!);
      await drive.admin(`POST files/${object.id}/corrupt`, { how: 'delete' }).catch(() => {});
      await plant(drive, golden, [object]);

      assert.equal(code, 30, said);
      assert.match(said, /^ERROR: .*(manifest|part|backup)/m);
      const whole = golden.expected.find(({ backup }) => backup === object.appProperties.backup)!;
      assert.ok(stdout.length < whole.streamBytes, 'never all of it');
    });
  }
}

// After all that has been damaged and put back.
for (const { backup, kind, streamBytes, streamSha256 } of golden.expected) {
  test(`the ${kind} comes back byte for byte`, async () => {
    const { code, stdout, said } = await restore('stream', backup);

    assert.equal(code, 0, said);
    assert.deepEqual([stdout.length, sha256(stdout)], [streamBytes, streamSha256]);
  });
}

function labelOf({ name, appProperties }: GoldenObject): string {
  const { kind } = golden.expected.find(({ backup }) => backup === appProperties.backup)!;
  return `${name.split('-').at(-1)} of the ${kind}`;
}
