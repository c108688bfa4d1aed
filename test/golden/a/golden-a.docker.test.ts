// Backups that strategy A made in the past come back as they were, by the kit's own program of today, on a stranger's Debian 12; and no damaged copy of one does.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { parseEvent } from '../../conformance/container.ts';
import { account, startSwift } from '../../strategy-a/swift.ts';
import { treeOf } from './golden-tree.ts';

interface Golden {
  objects: { name: string; file: string; sha256: string }[];
  expected: { backup: string; kind: string; tree: string[] }[];
}

const image = process.env.HAVEN_STRANGER_A_IMAGE ?? 'haven/stranger-a';
const drill = process.env.HAVEN_DRILL_IMAGE ?? 'haven/drill';
const golden = join(import.meta.dirname, 'v1');
const read = (name: string) => JSON.parse(readFileSync(join(golden, name), 'utf8'));
const { objects, expected }: Golden = { objects: read('objects.json'), expected: read('expected.json') };
const contentOf = (file: string) => readFileSync(join(golden, 'objects', file));

// Made before any test is declared: a root-level hook would run beside them.
const folder = mkdtempSync(join(tmpdir(), 'haven-golden-a-'));
const swift = await startSwift();
const stranger = `${swift.name}-stranger`;
makeKit();
const mounts = ['--volume', `${join(folder, 'kit')}:/kit:ro`, '--volume', `${join(folder, 'out')}:/out`];
const room = ['--tmpfs', '/work:size=200m,mode=0700', '--env', 'TMPDIR=/work', '--env', 'HAVEN_ATTEMPTS=2'];
await execa('docker', [
  'run',
  '--detach',
  '--init',
  '--name',
  stranger,
  '--network',
  swift.name,
  ...mounts,
  ...room,
  image,
  'sleep',
  '900',
]);
for (const { name, file } of objects) await swift.put(name, contentOf(file));
after(async () => {
  await execa('docker', ['rm', '--force', stranger], { reject: false });
  await swift.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function makeKit(): void {
  const kit = join(folder, 'kit');
  for (const each of ['kit', 'out']) mkdirSync(join(folder, each));
  const programs = fileURLToPath(new URL('../../../controller/kit/', import.meta.url));
  for (const program of ['restore-a.sh', 'attributes.py'])
    cpSync(join(programs, program), join(kit, program));
  cpSync(join(golden, 'passphrase'), join(kit, 'passphrase'));
  writeFileSync(join(kit, 'swift.json'), JSON.stringify(account));
  const auth = { version: 1, url: 'http://swift:8080/auth/v1.0' };
  writeFileSync(join(kit, 'store.json'), JSON.stringify({ format: 'haven-a/1', container: 'haven', auth }));
}

async function restore(backup: string) {
  const to = join(folder, 'out', backup);
  rmSync(to, { recursive: true, force: true });
  const command = ['exec', stranger, 'sh', '/kit/restore-a.sh', 'restore', backup, `/out/${backup}`];
  const { exitCode, stderr } = await execa('docker', command, { reject: false });
  return { code: exitCode, said: stderr, to };
}

test('what is committed is what was made', () => {
  for (const { name, file, sha256 } of objects)
    assert.equal(createHash('sha256').update(contentOf(file)).digest('hex'), sha256, name);
  assert.equal(objects.length, 8);
});

const damages: [string, (name: string, bytes: Buffer) => Promise<void>][] = [
  [
    'with a flipped bit',
    async (name, bytes) => {
      bytes[bytes.length >> 1]! ^= 1;
      await swift.put(name, bytes);
    },
  ],
  ['cut off', (name, bytes) => swift.put(name, bytes.subarray(0, -1))],
  ['gone', (name) => swift.remove(name)],
];

// The newest needs them all. One damage an object, by turns: a run of the kit's program takes seconds, and restore-a.docker.test.ts knows every kind.
for (const [i, { name, file }] of objects.entries()) {
  const [damage, act] = damages[i % damages.length]!;
  test(`${name.split('/')[1]}, ${damage}: it is said, and nothing is restored`, async () => {
    await act(name, contentOf(file));

    const { code, said, to } = await restore(expected[1]!.backup);
    await swift.put(name, contentOf(file));

    assert.equal(code, 30, said);
    assert.match(said, /^ERROR: /m);
    assert.throws(() => treeOf(to), 'nothing is there');
  });
}

test('the drill’s look opens the store with the kit alone, and counts both', async () => {
  const request = join(folder, 'request.json');
  writeFileSync(request, JSON.stringify({ contract: '1.0', verb: 'look', run: 'r1', strategy: 'a' }));
  const confined = ['--user', '0', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
  const files = [
    '--volume',
    `${request}:/haven/request.json:ro`,
    '--volume',
    `${join(folder, 'kit')}:/haven/kit:ro`,
  ];
  const memory = ['--tmpfs', '/tmp:size=64m,mode=1777', '--tmpfs', '/haven/work'];
  const args = ['run', '--rm', '--network', swift.name, ...confined, ...files, ...memory, drill, 'look'];
  const { exitCode, stdout } = await execa('docker', args, { reject: false });

  assert.equal(exitCode, 0, stdout);
  const { looked } = parseEvent(stdout.split('\n').at(-1)!) as unknown as {
    looked: { backups: number; newestAt: string };
  };
  assert.equal(looked.backups, 2);
  assert.match(looked.newestAt, /^2026-11-27T/);
});

// After all that has been damaged and put back.
for (const { backup, kind, tree } of expected) {
  test(`the ${kind} comes back as it was`, async () => {
    const { code, said, to } = await restore(backup);

    assert.equal(code, 0, said);
    assert.deepEqual(treeOf(to), tree);
  });
}
