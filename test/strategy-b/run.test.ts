// A run as its caller sees it: several sources, holds, SIGTERM, wrong requests.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeSource } from '../../images/strategy-b/src/testing/fake-tools.ts';
import { isAlive } from '../../images/strategy-b/src/testing/is-alive.ts';
import { contractSchema } from '../conformance/schema.ts';
import { type Bench, createBench, type RunResult, requestSource, storedFiles, untilPart } from './harness.ts';
import { fakeSource } from './sources.ts';

const source = fakeSource();
const other = fakeSource({ dataset: 'canary-pool/other', guid: '42' });
let bench: Bench;
beforeEach(async () => {
  bench = await createBench([source, other]);
});
afterEach(() => bench.dispose());

function assertContract(run: RunResult): void {
  const valid = contractSchema('event');
  for (const event of run.events) assert.ok(valid(event), JSON.stringify([event, valid.errors]));
  assert.equal(run.events.filter(({ event }) => event === 'result').length, 1);
}

function tagOf(run: RunResult, index = 0): string {
  return `haven:b:${run.result.backups?.[index]?.id}`;
}

test('each source is tried: one that fails makes the run partial, exit 10', async () => {
  const broken = fakeSource({ dataset: 'canary-pool/broken', guid: '43', behaviour: 'die', after: 1000 });
  bench.useTools([broken, other]);

  const run = await bench.backup([broken, other]);

  assertContract(run);
  assert.equal(run.status, 10, run.stdout);
  assert.deepEqual(
    run.result.sources?.map(({ id, outcome }) => [id, outcome]),
    [
      ['home', 'failed'],
      ['home-1', 'ok'],
    ],
  );
  assert.equal(run.result.sources?.[0]?.error?.code, 'source-unreadable');
  assert.equal(run.result.backups?.length, 1);
});

test('two sources make two backups in one run', async () => {
  const run = await bench.backup([source, other]);

  assertContract(run);
  assert.equal(run.status, 0);
  assert.deepEqual(
    run.result.backups?.map(({ source }) => source),
    ['home', 'home-1'],
  );
});

test('after a commit only its hold stays, stale ones go, and foreign tags are never touched', async () => {
  const name = `${source.dataset}@${source.snapshot}`;
  bench.tools.addHold('keep', name);
  bench.tools.addHold('haven:a:0123', name);
  bench.tools.addHold(`haven:b:${'0'.repeat(32)}`, name);

  const run = await bench.backup([source]);

  assert.equal(run.status, 0);
  assert.deepEqual(bench.tools.holds(), [`${name}\tkeep`, `${name}\thaven:a:0123`, `${name}\t${tagOf(run)}`]);
});

test('a snapshot that is backed up already is not backed up again, unless a full is asked for', async () => {
  const first = await bench.backup([source]);
  const again = await bench.backup([source]);
  const full = await bench.backup([source], {}, {}, 'full');

  assert.equal(again.status, 0);
  assert.equal(again.result.backups?.[0]?.id, first.result.backups?.[0]?.id);
  assert.notEqual(full.result.backups?.[0]?.id, first.result.backups?.[0]?.id);
  assert.equal(full.result.backups?.[0]?.why, 'it was asked for');
  assertContract(again);
  assertContract(full);
});

test('a run that fails keeps its hold, for the next run goes on with it', async () => {
  const name = `${source.dataset}@${source.snapshot}`;
  await bench.drive.fault('quota-full', { match: 'upload-start', nth: 2 });

  const failed = await bench.backup([source]);
  const held = bench.tools.holds();
  const resumed = await bench.backup([source]);

  assert.equal(failed.status, 21);
  assert.equal(resumed.status, 0, resumed.stdout);
  assert.deepEqual(held, [`${name}\t${tagOf(resumed)}`]);
});

test('a hold of a committed backup stays even when the store’s list lags behind', async () => {
  await bench.drive.admin('POST settings', { listLagMs: 3_600_000 });
  const first = await bench.backup([source]);
  await bench.drive.fault('quota-full', { match: 'upload-start' });

  await bench.backup([source], {}, {}, 'full');

  assert.equal(bench.tools.holds()[0]?.split('\t')[1], tagOf(first));
});

for (const [place, behaviour, after] of [
  ['while the source is silent', 'stall', 250_000],
  ['while a part travels', 'right', 0],
] as const) {
  test(`SIGTERM ${place}: exit 143, an interrupted result, no child, no manifest, and a hold for the next run`, async () => {
    const stubborn: FakeSource = { ...source, behaviour, after };
    bench.useTools([stubborn]);
    if (behaviour === 'right') await bench.drive.fault('stall', { nth: 2 });
    const request = { kind: 'full', sources: [requestSource(stubborn)] };
    const { child, ended } = bench.start('backup', request, { stallMs: 60_000, requestIdleMs: 60_000 });
    await untilPart(child);
    await sleep(300);

    const stoppedAt = Date.now();
    child.kill('SIGTERM');
    const run = await ended;

    assert.ok(Date.now() - stoppedAt < 10_000);
    assert.equal(run.status, 143, run.stdout + run.stderr);
    assertContract(run);
    assert.equal(run.result.outcome, 'interrupted');
    assert.equal(run.result.sources?.[0]?.outcome, 'interrupted');
    assert.equal(bench.tools.holds().length, 1);
    assert.deepEqual(bench.tools.pids().filter(isAlive), []);
    assert.ok((await storedFiles(bench.drive)).every(({ name }) => !name.endsWith('-manifest')));
  });
}

for (const [name, verb, request, message] of [
  ['an unknown verb', 'destroy', {}, /not known/],
  ['an unknown field', 'list', { colour: 'red' }, /colour/],
  ['a wrong setting', 'list', { settings: { partBites: 5 } }, /partBites/],
  ['another contract', 'list', { contract: '2.0' }, /contract/],
  ['no sources', 'backup', { kind: 'full', sources: [] }, /sources/],
  [
    'a dataset that is an option',
    'backup',
    { kind: 'full', sources: [{ ...requestSource(source), dataset: '-R' }] },
    /dataset/,
  ],
] as const) {
  test(`${name} is exit 3, and says what is wrong`, async () => {
    const run = await bench.run(verb, request);

    assert.equal(run.status, 3, run.stdout);
    assert.match(run.result.error!.message, message);
    assertContract(run);
  });
}

test('an empty passphrase is exit 3', async () => {
  const run = await bench.start('list', {}, {}, '').ended;

  assert.equal(run.status, 3);
  assert.match(run.result.error!.message, /passphrase: its first line is empty/);
});

test('version tells its contract and tools, and loads none of Google’s libraries', async () => {
  const run = await bench.run('version');

  assertContract(run);
  assert.equal(run.status, 0);
  const version = run.result.version as { tools: Record<string, string>; supported: string[] };
  assert.deepEqual(version.supported, ['1.0']);
  assert.equal(version.tools.zfs, '2.3.9-1');
  assert.equal(run.events.length, 1);
});

test('over TLS with a private authority a backup works, and without it the store is not believed', async () => {
  const { https } = bench.drive.ports;
  const urls = { rootUrl: `https://localhost:${https}/`, tokenUrl: `https://localhost:${https}/token` };
  const caPem = await (await fetch(`${bench.drive.url}/_emulator/ca.pem`)).text();

  const trusted = await bench.backup([source], { api: { ...urls, caPem } });
  const untrusted = await bench.backup([source], { api: urls }, { giveUpAfterMs: 2000 });

  assert.equal(trusted.status, 0, trusted.stdout + trusted.stderr);
  assert.equal(untrusted.status, 11, untrusted.stdout);
});

test('a full disk is exit 23', async (t) => {
  const spool = join(bench.folder, 'state/spool');
  mkdirSync(spool, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', spool]);
  if (mounted.status !== 0) return t.skip('needs root, for a small disk');
  try {
    const run = await bench.backup([source]);

    assertContract(run);
    assert.equal(run.status, 23, run.stdout);
    assert.equal(run.result.error?.code, 'local-full');
    assert.equal(bench.tools.holds().length, 1);
  } finally {
    spawnSync('umount', [spool]);
  }
});

test('a crash that nobody foresaw still ends with a failed result and exit 1, and its text is not told', () => {
  const crash =
    "setInterval(() => { if (process.listenerCount('uncaughtException')) throw new Error('can' + 'ary') }, 1)";
  const main = join(import.meta.dirname, '../../images/strategy-b/src/main.ts');
  const run = spawnSync(
    process.execPath,
    [`--import=data:text/javascript,${encodeURIComponent(crash)}`, main, 'version'],
    {
      encoding: 'utf8',
    },
  );
  const last = JSON.parse(run.stdout.trim().split('\n').at(-1)!);

  assert.equal(run.status, 1, run.stderr);
  assert.equal(last.outcome, 'failed');
  assert.ok(contractSchema('event')(last));
  assert.ok(!(run.stdout + run.stderr).includes('canary'), run.stderr);
});
