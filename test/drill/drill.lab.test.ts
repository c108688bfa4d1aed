// `receive`, `verify` and `reap` on real ZFS, confined as the contract says: the steps are in on-zfs.sh, which runs on the ground.
// Needs haven/drill among the lab's images: test/lab/start haven/drill.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseEvent } from '../conformance/container.ts';

const onGround = fileURLToPath(new URL('../lab/on-ground', import.meta.url));
const name = `havendrill${randomBytes(3).toString('hex')}`;

interface Ended {
  code: number | null;
  result: Record<string, unknown>;
  stdout: string;
  stderr: string;
}

interface Received {
  guid: string;
  streams: { guid: string }[];
}

function step(...args: string[]): Ended {
  const image = process.env.HAVEN_DRILL_IMAGE ?? 'haven/drill';
  const command = ['--no-sync', 'env', `HAVEN_DRILL_IMAGE=${image}`, 'test/drill/on-zfs.sh', name, ...args];
  const run = spawnSync(onGround, command, { encoding: 'utf8' });
  const lines = run.stdout.split('\n').filter((line) => line.startsWith('{'));
  const result = lines.length > 0 ? parseEvent(lines.at(-1)!) : {};
  return { code: run.status, result, stdout: run.stdout, stderr: run.stderr };
}

function assertOk(ended: Ended): Record<string, unknown> {
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  assert.doesNotMatch(ended.stdout, /my data/, 'no dataset names in events');
  return ended.result;
}

function assertRed(ended: Ended, code: number, message: RegExp): void {
  assert.equal(ended.code, code, ended.stdout + ended.stderr);
  assert.equal(ended.result.outcome, code === 143 ? 'interrupted' : 'failed');
  assert.match((ended.result.error as { message: string }).message, message);
  assert.doesNotMatch(ended.stdout, /my data/);
}

const randomPool = () => `haven-drill-${randomBytes(4).toString('hex')}`;
const left = () => step('pools').stdout;

before(() => {
  const synced = spawnSync(onGround, ['test', '-f', '/etc/haven-lab'], { encoding: 'utf8' });
  assert.equal(synced.status, 0, `this test runs only in the lab (HAVEN_GROUND=lab): ${synced.stderr}`);
  assertOk(step('setup'));
});
after(() => void step('teardown'));

test('a snapshot is received, scrubbed, compared with its source, and the pool reaped', () => {
  const pool = randomPool();

  const received = assertOk(step('receive', pool, 'whole')).received as Record<string, unknown>;
  const compared = assertOk(step('verify', pool, 'a')).comparison as Record<string, unknown>;
  assertOk(step('change', 'b', 'printf x | dd of=big bs=1 seek=99 conv=notrunc; touch -r empty big'));
  const different = step('verify', pool, 'b');
  const reaped = assertOk(step('reap', '"all"')).reaped;

  assert.equal(received.guid, step('guid', 'a').stdout.trim());
  assert.deepEqual(
    { ...(received.scrub as object), seconds: 0 },
    {
      state: 'finished',
      errors: 0,
      repairedBytes: 0,
      seconds: 0,
    },
  );
  assert.equal(compared.mismatches, 0);
  assert.ok((compared.checked as string[]).includes('posix-acls'));
  assert.ok((compared.files as number) >= 18);
  assertRed(different, 30, /2 ways: 1 content, 1 mtime/);
  assert.deepEqual(reaped, [pool]);
  assert.doesNotMatch(left(), /haven-drill-/);
});

test('a chain of incrementals is received in order and equals the source at its end, not before', () => {
  const pool = randomPool();
  assertOk(step('change', 'c1', 'mkdir new && echo one > new/one && rm -f empty'));
  assertOk(step('change', 'c2', 'echo two > new/two && mv new/one new/three'));

  const received = assertOk(step('receive', pool, 'whole', 'a-c1', 'c1-c2')).received as Received;
  const compared = assertOk(step('verify', pool, 'c2', '2')).comparison as Record<string, unknown>;
  const middle = step('verify', pool, 'c2', '1');
  assertOk(step('reap', '"all"'));

  assert.deepEqual(
    received.streams.map(({ guid }) => guid),
    ['a', 'c1', 'c2'].map((snapshot) => step('guid', snapshot).stdout.trim()),
  );
  assert.equal(received.guid, received.streams[2]!.guid);
  assert.equal(compared.mismatches, 0);
  assertRed(middle, 30, /differs from the source/);
});

for (const [name, order, message] of [
  ['with a link missing', ['whole', 'c1-c2'], /does not match incremental source.*incremental number 1/],
  ['with two links swapped', ['whole', 'c1-c2', 'a-c1'], /does not match incremental source/],
  ['without its full', ['a-c1'], /zfs receive/],
  ['with a second full', ['whole', 'whole'], /incremental number 1/],
] as const) {
  test(`a chain ${name} is refused by ZFS itself, and no pool is left`, () => {
    const ended = step('receive', randomPool(), ...order);

    assertRed(ended, 1, message);
    assert.doesNotMatch(left(), /haven-drill-/);
  });
}

test('a volume’s chain is restored and compared byte for byte, without a privilege', () => {
  const pool = randomPool();
  const sha256 = step('volume').stdout.trim();

  assertOk(step('receive-volume', pool, 'v1', 'v1-v2'));
  const compared = assertOk(step('verify-volume', pool, 'v2', '1')).comparison as Record<string, unknown>;
  const older = step('verify-volume', pool, 'v2', '0');
  assertOk(step('reap', '"all"'));

  assert.match(sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual(compared.sha256, { source: sha256, restored: sha256 });
  assert.deepEqual([compared.bytes, compared.mismatches], [12 * 1048576, 0]);
  assertRed(older, 30, /the restored snapshot has GUID/);
});

test('a chain is restored into a new dataset of the owner’s pool, marked, mounted nowhere, the same as its source', () => {
  assertOk(step('change', 'r1', 'mkdir -p late && echo late > late/file'));

  const restored = assertOk(step('restore', 'my restored', 'whole', 'a-r1')).restored as Received;
  const compared = assertOk(step('verify-restored', 'my restored', 'r1', '1')).comparison as {
    mismatches: number;
  };
  const over = step('restore-refused', 'my restored');

  assert.equal(restored.guid, step('guid', 'r1').stdout.trim());
  assert.equal(compared.mismatches, 0);
  assert.deepEqual(step('properties', 'my restored').stdout.split('\n').slice(0, 5), [
    ...['lab-1', 'noauto', 'no', 'on', 'posix'],
  ]);
  assertRed(over, 3, /already/);
});

test('a dataset that is there is not touched, and one that breaks off or is stopped is gone', () => {
  step('occupy', 'precious');

  const over = step('restore-refused', 'precious');
  const cut = step('restore', 'cut', 'whole', 'cut');
  const stopped = step('restore-stopped', 'stopped');

  assertRed(over, 3, /already/);
  assert.deepEqual(step('properties', 'precious').stdout.split('\n').slice(0, 2), ['-', 'on']);
  assertRed(cut, 1, /incremental number 1/);
  assertRed(stopped, 143, /stopped/);
  assert.equal(step('properties', 'cut').stdout + step('properties', 'stopped').stdout, '');
});

for (const [how, code, message] of [
  ['cut', 1, /incomplete stream/],
  ['flipped', 1, /checksum mismatch/],
  ['nothing', 1, /without sending a byte/],
  ['trailing', 30, /content before the stream's end/],
] as const) {
  test(`a stream that is ${how} fails, and no pool is left`, () => {
    const ended = step('receive', randomPool(), how);

    assertRed(ended, code, message);
    assert.doesNotMatch(left(), /haven-drill-/);
  });
}

test('SIGTERM in the middle of a receive destroys the pool', () => {
  const ended = step('stopped', randomPool());

  assertRed(ended, 143, /stopped/);
  assert.doesNotMatch(left(), /haven-drill-/);
});

test('reap refuses a pool without the mark, and still reaps the others', () => {
  const [unmarked, marked] = [randomPool(), randomPool()];
  step('make', unmarked);
  step('make', marked, 'drill-7');

  const ended = step('reap', '"all"');

  assertRed(ended, 1, /no mark/);
  assert.deepEqual(ended.result.reaped, [marked]);
  assert.match(left(), new RegExp(`pool ${unmarked}\n`));
  assert.match(left(), new RegExp(`file ${unmarked}.img`));
});
