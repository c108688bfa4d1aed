// A run that ended before its backup did, and the run after it: what is kept, what is made again, and what is told.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { FakeSource } from '../../images/strategy-b/src/testing/fake-tools.ts';
import { zfsStream } from '../../images/strategy-b/src/testing/zfs-stream.ts';
import { type Bench, createBench, type RunResult, storedFiles } from './harness.ts';
import { streamOf } from './restored.ts';
import { fakeSource } from './sources.ts';

const source = fakeSource({ txg: 100 });
let bench: Bench;
beforeEach(async () => {
  bench = await createBench([source]);
});
afterEach(() => bench.dispose());

/** A run that ends for good after two parts (of four) are off-site and one more is made. */
async function cutShort(): Promise<void> {
  await bench.drive.fault('quota-full', { match: 'upload-start', nth: 3 });
  const cut = await bench.backup([source]);
  assert.equal(cut.status, 21, cut.stdout);
}

const noted = (run: RunResult, code: string) => run.events.some((event) => event.code === code);
const partsOf = (run: RunResult) => run.events.flatMap(({ event, part }) => (event === 'part' ? [part] : []));

async function assertWhole(run: RunResult, of: FakeSource = source): Promise<void> {
  assert.equal(run.status, 0, run.stdout + run.stderr);
  const { id } = run.result.backups!.at(-1)!;
  assert.ok((await streamOf(bench, id)).equals(of.stream), 'what is restored is not what was backed up');
  const names = (await storedFiles(bench.drive)).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, 'a file was stored twice');
}

test('the next run brings the parts off-site that the last one made, and only those that were missing', async () => {
  await cutShort();
  const before = (await storedFiles(bench.drive)).map(({ name }) => name);

  const run = await bench.backup([source]);

  await assertWhole(run);
  assert.deepEqual(partsOf(run), [2, 3]);
  const after = (await storedFiles(bench.drive)).map(({ name }) => name);
  assert.ok(before.every((name) => after.includes(name)));
  assert.equal(bench.tools.sends().length, 2);
});

test('when the stream had ended, it is not asked for again', async () => {
  await bench.drive.fault('quota-full', { match: 'upload-start', nth: 5 });
  assert.equal((await bench.backup([source])).status, 21);

  const run = await bench.backup([source]);

  await assertWhole(run);
  assert.deepEqual(partsOf(run), []);
  assert.equal(bench.tools.sends().length, 1);
});

test('a stream that begins otherwise is told, nothing of the old one is used, and the backup begins anew', async () => {
  await cutShort();
  const changed: FakeSource = { ...source, stream: zfsStream(source.guid, Buffer.alloc(300_000, 'other ')) };
  bench.useTools([changed]);

  const run = await bench.backup([changed]);

  await assertWhole(run, changed);
  assert.ok(noted(run, 'given-up'));
  assert.match(run.stdout, /no longer gives the stream that it was begun with/);
  // The part that was waiting travels while the prefix is read: no manifest will name it.
  assert.deepEqual(partsOf(run), [2, 0, 1, 2, 3]);
});

test('a stream that became shorter is another stream', async () => {
  await cutShort();
  const shorter: FakeSource = { ...source, stream: source.stream.subarray(0, 150_000) };
  bench.useTools([shorter]);

  const run = await bench.backup([shorter]);

  assert.equal(run.status, 20, run.stdout);
  assert.deepEqual(run.result.backups, []);
});

test('a newer snapshot is asked for: the backup in flight is finished first, the newer one builds upon it', async () => {
  const guid = '777';
  const delta = zfsStream(guid, Buffer.alloc(50_000, 'newer '), 'filesystem', source.guid);
  const newer = fakeSource({ guid, snapshot: 'canary-snapshot-2', txg: 101, from: { [source.guid]: delta } });
  await cutShort();
  bench.useTools([source, newer]);

  const run = await bench.backup([newer]);

  assert.equal(run.status, 0, run.stdout + run.stderr);
  const [finished, made] = run.result.backups!;
  assert.deepEqual([finished!.guid, made!.guid, made!.base], [source.guid, guid, finished!.id]);
  assert.equal(run.result.sources![0]!.backup, made!.id);
  assert.ok((await streamOf(bench, finished!.id)).equals(source.stream));
  assert.ok((await streamOf(bench, made!.id)).equals(delta));
});

test('the snapshot in flight is gone: that is told, and the one asked for is backed up', async () => {
  const newer = fakeSource({ guid: '777', snapshot: 'canary-snapshot-2', txg: 101 });
  await cutShort();
  bench.useTools([newer]);

  const run = await bench.backup([newer]);

  await assertWhole(run, newer);
  assert.match(run.stdout, /given-up.*its snapshot is gone/);
});

test('a pool that cannot be read today is no reason to give the backup in flight up', async () => {
  const newer = fakeSource({ guid: '777', snapshot: 'canary-snapshot-2', txg: 101 });
  await cutShort();
  bench.useTools([{ ...source, dataset: 'canary-pool/elsewhere' }]);

  const away = await bench.backup([newer]);
  bench.useTools([source]);
  const back = await bench.backup([source]);

  assert.equal(away.status, 20, away.stdout);
  assert.ok(!noted(away, 'given-up'));
  assert.deepEqual([...partsOf(away), ...partsOf(back)], [2, 3]);
  await assertWhole(back);
});

test('dataset and snapshot in flight were renamed: they are found by GUID, and what was sent is not sent again', async () => {
  await cutShort();
  const renamed = {
    ...source,
    dataset: 'canary-pool/canary data moved',
    snapshot: 'canary-snapshot-renamed',
  };
  bench.useTools([renamed]);

  const run = await bench.backup([renamed]);

  await assertWhole(run);
  assert.ok(!noted(run, 'given-up'), run.stdout);
  assert.deepEqual(partsOf(run), [2, 3]);
});

test('the dataset in flight is gone and another one has its place: it is given up, and the other one backed up', async () => {
  await cutShort();
  const other = fakeSource({ dataset: 'canary-pool/other', guid: '777', snapshot: 'canary-snapshot-2' });
  bench.useTools([other]);

  const run = await bench.backup([other]);

  await assertWhole(run, other);
  assert.match(run.stdout, /given-up.*its dataset is gone/);
});

test('a part in the spool that is not what the journal says is made again', async () => {
  await cutShort();
  const spool = join(bench.folder, 'state/spool');
  const [left] = bench.spooled();
  writeFileSync(join(spool, left!), 'half of it');

  const run = await bench.backup([source]);

  await assertWhole(run);
  assert.match(run.stderr, /not whole: it is made again/);
});

test('with the state volume lost the backup begins anew, and is right', async () => {
  await cutShort();
  rmSync(join(bench.folder, 'state'), { recursive: true });

  const run = await bench.backup([source]);

  assert.equal(run.status, 0, run.stdout);
  assert.ok((await streamOf(bench, run.result.backups![0]!.id)).equals(source.stream));
});

test('nothing is left in the spool after a commit', async () => {
  await cutShort();
  await assertWhole(await bench.backup([source]));

  assert.deepEqual(bench.spooled(), []);
});
