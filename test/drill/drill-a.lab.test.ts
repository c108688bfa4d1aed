// A drill of strategy A on real ZFS, confined as the contract says: `prepare`, `fetch`, `seal`, `verify`, `reap`; the steps are in on-zfs-a.sh, which runs on the ground.
// Needs among the lab's images: test/lab/start haven/drill haven/stranger-a haven/swift.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseEvent } from '../conformance/container.ts';

const onGround = fileURLToPath(new URL('../lab/on-ground', import.meta.url));
const name = `havendrill${randomBytes(3).toString('hex')}`;
const images = ['HAVEN_DRILL_IMAGE', 'HAVEN_STRANGER_A_IMAGE', 'HAVEN_SWIFT_IMAGE'].flatMap((variable) =>
  process.env[variable] === undefined ? [] : [`${variable}=${process.env[variable]}`],
);

interface Ended {
  code: number | null;
  result: Record<string, unknown>;
  stdout: string;
  stderr: string;
}

function step(...args: string[]): Ended {
  const command = ['--no-sync', 'env', ...images, 'test/drill/on-zfs-a.sh', name, ...args];
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

let backup: string;

before(() => {
  const synced = spawnSync(onGround, ['test', '-f', '/etc/haven-lab'], { encoding: 'utf8' });
  assert.equal(synced.status, 0, `this test runs only in the lab (HAVEN_GROUND=lab): ${synced.stderr}`);
  const setup = step('setup');
  assert.equal(setup.code, 0, setup.stdout + setup.stderr);
  backup = setup.stdout.trim().split('\n').at(-1)!;
});
after(() => void step('teardown'));

const randomPool = () => `haven-drill-${randomBytes(4).toString('hex')}`;

test('a backup of strategy A comes back into a dataset without a difference', () => {
  const pool = randomPool();

  const prepared = assertOk(step('prepare', pool)).prepared;
  const fetched = assertOk(step('fetch', pool, backup)).fetched as Record<string, unknown>;
  const sealed = assertOk(step('seal', pool)).sealed as Record<string, unknown>;
  const compared = assertOk(step('verify', pool)).comparison as Record<string, unknown>;
  const reaped = assertOk(step('reap')).reaped;

  assert.partialDeepStrictEqual(prepared, { pool, dataset: `${pool}/restored`, quotaBytes: 268_435_456 });
  assert.partialDeepStrictEqual(fetched, {
    backups: [{ id: backup, kind: 'full' }],
    restored: { problems: {} },
  });
  assert.partialDeepStrictEqual(sealed, { snapshot: `${pool}/restored@drill-000`, scrub: { errors: 0 } });
  assert.equal(compared.mismatches, 0);
  assert.ok((compared.files as number) > 10);
  for (const kind of ['hard-link-groups', 'holes', 'xattrs', 'posix-acls', 'mtime-ns'])
    assert.ok((compared.checked as string[]).includes(kind), kind);
  assert.deepEqual(reaped, [pool]);
});

test('a byte that was changed in what was restored is found', () => {
  const pool = randomPool();
  assertOk(step('prepare', pool));
  assertOk(step('fetch', pool, backup));
  step('change', pool, 'printf x | dd of=big bs=1 seek=99 conv=notrunc; touch -r empty big');
  assertOk(step('seal', pool));

  const different = step('verify', pool);
  step('reap');

  assert.equal(different.code, 30, different.stdout);
  assert.match((different.result.error as { message: string }).message, /\b1 content\b/);
});

test('a dataset that is too small ends in local-full, and the pool goes on', () => {
  const pool = randomPool();
  assertOk(step('prepare-small', pool));

  const full = step('fetch', pool, backup);
  const reaped = assertOk(step('reap')).reaped;

  assert.equal(full.code, 23, full.stdout + full.stderr);
  assert.deepEqual(reaped, [pool]);
});
