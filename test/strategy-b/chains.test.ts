// Chains: what an incremental builds upon, what is held and bookmarked for it, and that the kit's program gives its stream back.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { FakeSource } from '../../images/strategy-b/src/testing/fake-tools.ts';
import { zfsStream } from '../../images/strategy-b/src/testing/zfs-stream.ts';
import { type Bench, createBench, type RunResult, storedFiles } from './harness.ts';
import { streamOf } from './restored.ts';
import { fakeSource } from './sources.ts';

const guids = ['1001', '1002', '1003'];
let days: FakeSource[];
let bench: Bench;
beforeEach(async () => {
  days = guids.map((guid, day) => {
    const earlier = guids.slice(0, day).map((from) => [from, incremental(guid, from)] as const);
    return fakeSource({
      guid,
      snapshot: `canary-snapshot-${day}`,
      txg: 100 + day,
      from: Object.fromEntries(earlier),
    });
  });
  bench = await createBench(days);
});
afterEach(() => bench.dispose());

function incremental(guid: string, from: string): Buffer {
  return zfsStream(guid, randomBytes(40_000), 'filesystem', from);
}

function made(run: RunResult) {
  assert.equal(run.status, 0, run.stdout + run.stderr);
  return run.result.backups!.at(-1)!;
}

function tag(day: number, run: RunResult): string {
  return `canary-pool/canary data@canary-snapshot-${day}\thaven:b:${made(run).id}`;
}

const noted = (run: RunResult, code: string) => run.events.some((event) => event.code === code);

test('each backup builds upon the one before, and each stream comes back byte by byte', async () => {
  const runs = [];
  for (const day of days) runs.push(await bench.backup([day]));
  const [first, second, third] = runs.map(made);

  assert.deepEqual(
    [first!.kind, first!.base, first!.why],
    ['full', null, 'it is the first backup of this dataset'],
  );
  assert.deepEqual([second!.kind, second!.base, second!.chain], ['incremental', first!.id, first!.id]);
  assert.deepEqual([third!.kind, third!.base, third!.chain], ['incremental', second!.id, first!.id]);
  const sent = [days[0]!.stream, days[1]!.from!['1001']!, days[2]!.from!['1002']!];
  for (const [index, stream] of sent.entries())
    assert.ok((await streamOf(bench, made(runs[index]!).id)).equals(stream), `backup ${index}`);
  assert.deepEqual(bench.tools.holds(), [tag(2, runs[2]!)]);
  assert.equal(bench.tools.bookmarks().length, 3);
});

test('what a run that was killed right after its commit still held is released when the same snapshot is asked for again', async () => {
  const first = await bench.backup([days[0]!]);
  const second = await bench.backup([days[1]!]);
  const old = 'canary-pool/canary data@canary-snapshot-0';
  bench.tools.addHold(`haven:b:${made(first).id}`, old);
  bench.tools.addHold(`haven:b:${made(second).id}`, old);
  bench.tools.addHold('haven:drill:1', old);

  const again = await bench.backup([days[1]!]);

  assert.equal(made(again).id, made(second).id);
  assert.deepEqual(bench.tools.holds().toSorted(), [`${old}\thaven:drill:1`, tag(1, second)].toSorted());
});

test('asking for an older snapshot again leaves the hold of the newest backup alone', async () => {
  await bench.backup([days[0]!]);
  const second = await bench.backup([days[1]!]);

  await bench.backup([days[0]!]);

  assert.deepEqual(bench.tools.holds(), [tag(1, second)]);
});

test('a bookmark is the base when the snapshot is gone', async () => {
  const first = made(await bench.backup([days[0]!]));
  bench.useTools([days[1]!]);

  const second = made(await bench.backup([days[1]!]));

  assert.equal(second.base, first.id);
});

test('with neither snapshot nor bookmark left a full is made, and says why', async () => {
  made(await bench.backup([days[0]!]));
  rmSync(join(bench.folder, 'tools/bookmarks'));
  bench.useTools([days[1]!]);

  const second = made(await bench.backup([days[1]!]));

  assert.equal(second.kind, 'full');
  assert.match(second.why!, /neither a snapshot nor a bookmark/);
});

test('the state volume lost: the next run goes on from what is in the store, and sends nothing of it again', async () => {
  const first = made(await bench.backup([days[0]!]));
  rmSync(join(bench.folder, 'state'), { recursive: true });
  const before = (await storedFiles(bench.drive)).length;

  const second = made(await bench.backup([days[1]!]));

  assert.equal(second.base, first.id);
  assert.equal((await storedFiles(bench.drive)).length, before + second.parts + 1);
});

test('nothing is built upon a chain of which a part is gone, or in the trash, or altered', async () => {
  for (const how of ['delete', 'trash', 'flip']) {
    const first = made(await bench.backup([days[0]!], {}, {}, 'full'));
    const part = (await storedFiles(bench.drive)).find(({ name }) => name === `h1-${first.id}-000001`)!;
    await bench.drive.admin(`POST files/${part.id}/corrupt`, {
      how,
      ...(how === 'flip' ? { offset: 5 } : {}),
    });

    const run = await bench.backup([days[1]!], {}, {}, 'auto');

    assert.equal(made(run).kind, 'full', how);
    assert.ok(noted(run, 'chain-damaged'), how);
    await bench.dispose();
    bench = await createBench(days);
  }
});

test('fullEvery and chainLength end a chain', async () => {
  made(await bench.backup([days[0]!]));

  const full = made(await bench.backup([days[1]!], { chainLength: 1 }));

  assert.equal(full.kind, 'full');
  assert.match(full.why!, /chainLength/);
});

test('a chain keeps the flags of its full', async () => {
  const first = await bench.backup([days[0]!], { sendFlags: ['--large-block'] });
  const second = await bench.backup([days[1]!], { sendFlags: [] });

  assert.equal(made(second).base, made(first).id);
  assert.deepEqual(
    bench.tools.sends().map((args) => args.includes('--large-block')),
    [true, true],
  );
});

test('a raw stream of a dataset that ZFS does not encrypt is refused before a byte is sent', async () => {
  const run = await bench.backup([days[0]!], { sendFlags: ['--raw'] });

  assert.equal(run.status, 3, run.stdout);
  assert.match(run.result.error!.message, /--raw, but this dataset is not encrypted/);
  assert.deepEqual(bench.tools.sends(), []);
});

test('an incremental of another base than asked for is no backup', async () => {
  made(await bench.backup([days[0]!]));
  bench.useTools([days[0]!, { ...days[1]!, from: { 1001: incremental('1002', '999') } }]);

  const run = await bench.backup([days[1]!]);

  assert.equal(run.status, 20, run.stdout);
  assert.match(run.result.error!.message, /does not start from the snapshot/);
});
