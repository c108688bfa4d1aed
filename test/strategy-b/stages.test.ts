// A stage that dies, stalls, or exits 0 before its work is done is no backup: no manifest, no child left, and on the disk only what the next run
// can go on with, from the snapshot that is still held for it.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openJournal } from '../../images/strategy-b/src/state/journal.ts';
import type { Behaviour, FakeSource } from '../../images/strategy-b/src/testing/fake-tools.ts';
import { isAlive } from '../../images/strategy-b/src/testing/is-alive.ts';
import { type Bench, createBench, type RunResult, storedFiles } from './harness.ts';
import { canaries, fakeSource } from './sources.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await createBench([fakeSource()]);
});
afterEach(() => bench.dispose());

async function assertNoBackup(run: RunResult, status: number): Promise<void> {
  assert.equal(run.status, status, run.stdout + run.stderr);
  assert.equal(run.result.outcome, 'failed');
  assert.deepEqual(run.result.backups, []);
  assert.deepEqual(
    (await storedFiles(bench.drive)).filter(({ name }) => name.endsWith('-manifest')),
    [],
  );
  assert.ok(bench.tools.pids().length > 3);
  assert.deepEqual(bench.tools.pids().filter(isAlive), []);
  assertResumable();
  for (const canary of canaries) assert.ok(!(run.stdout + run.stderr).includes(canary), canary);
}

/** One backup in flight, its snapshot held, and nothing in the spool that its journal does not know. */
function assertResumable(): void {
  const state = join(bench.folder, 'state');
  const journal = openJournal(state, () => assert.fail('the journal is damaged'));
  try {
    const tags = bench.tools.holds().map((hold) => hold.split('\t')[1]);
    assert.deepEqual(
      tags,
      journal.inFlight().map(({ backup }) => `haven:b:${backup}`),
    );
    assert.equal(tags.length, 1);
    const unknown = readdirSync(join(state, 'spool')).filter((name) => !journal.spooled().has(name));
    assert.deepEqual(unknown, []);
  } finally {
    journal.close();
  }
}

for (const [behaviour, after, message] of [
  ['die', 0, /zfs send exited 1/],
  ['die', 250_000, /I\/O error/],
  ['die', 349_999, /zfs send exited 1/],
  ['die', 350_000, /zfs send exited 1/],
  ['stall', 250_000, /no byte for too long/],
  ['exit-0-early', 250_000, /no end record/],
  ['exit-0-early', 200_000, /no end record/],
  ['exit-0-early', 100, /shorter than its first record/],
  ['silent', 0, /no byte/],
] as const satisfies [Behaviour, number, RegExp][]) {
  test(`zfs send: ${behaviour} after ${after} bytes is exit 20 and no backup`, async () => {
    const source: FakeSource = fakeSource({ behaviour, after });
    bench.useTools([source]);

    const run = await bench.backup([source], {}, behaviour === 'stall' ? { stallMs: 3000 } : {});

    await assertNoBackup(run, 20);
    assert.match(run.result.error!.message, message);
  });
}

for (const tool of ['xz', 'zstd', 'gpg'] as const) {
  const compression = { method: tool === 'zstd' ? 'zstd' : 'xz', level: 1 };

  for (const [behaviour, after, message] of [
    ['die', 0, /it broke|exited 3/],
    ['die', 50_000, /it broke|exited 3|stopped reading/],
    ['stall', 10, /moved no byte/],
    ['exit-0-early', 20_000, /stopped reading|proof/],
    ['exit-0-early', 50_623, /stopped reading|proof/],
    ['silent', 0, /stopped reading|proof|exited/],
  ] as const satisfies [Behaviour, number, RegExp][]) {
    test(`${tool}: ${behaviour} after ${after} bytes is a failure and no backup`, async () => {
      const source = fakeSource();
      bench.useTools([source], { tool, behaviour, after });

      const run = await bench.backup(
        [source],
        { compression },
        behaviour === 'stall' ? { stallMs: 2000 } : {},
      );

      await assertNoBackup(run, 1);
      assert.match(run.result.error!.message, message);
    });
  }

  test(`${tool} that swallows a small input and exits 0 is found by the proof`, async () => {
    const source = fakeSource({}, 2000);
    bench.useTools([source], { tool, behaviour: 'exit-0-early', after: 500 });

    const run = await bench.backup([source], { compression });

    await assertNoBackup(run, 1);
    assert.match(run.result.error!.message, /proof|exited|stopped/);
  });
}

test('a stream far shorter than expected is exit 20', async () => {
  const source = fakeSource({ estimate: 10_000_000 });
  bench.useTools([source]);

  const run = await bench.backup([source]);

  await assertNoBackup(run, 20);
  assert.match(run.result.error!.message, /350000 bytes where zfs expected about 10000000/);
});

test('a snapshot with another GUID than asked for is exit 20, before anything is held', async () => {
  const source = fakeSource();
  bench.useTools([source]);

  const run = await bench.backup([{ ...source, guid: '42' }]);

  assert.equal(run.status, 20);
  assert.match(run.result.error!.message, /another GUID/);
  assert.deepEqual(bench.tools.holds(), []);
});

test('a snapshot that is not there is exit 20, and its name is not told', async () => {
  const source = fakeSource();
  bench.useTools([]);

  const run = await bench.backup([source]);

  assert.equal(run.status, 20);
  assert.match(run.result.error!.message, /dataset does not exist/);
  for (const canary of canaries) assert.ok(!(run.stdout + run.stderr).includes(canary), canary);
});
