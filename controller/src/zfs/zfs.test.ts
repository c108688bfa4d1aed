import assert from 'node:assert/strict';
import { test } from 'node:test';
import { datasetName, makeGround } from '../../testing/ground.ts';
import { HavenError } from '../errors.ts';
import { zfsCommand } from './command.ts';
import { delegate, missingDelegation, parseAllow } from './delegation.ts';
import { planCleanup } from './plan-cleanup.ts';
import {
  destroySnapshot,
  findHolds,
  holdSnapshot,
  listSnapshots,
  type Snapshot,
  takeSnapshots,
} from './snapshots.ts';
import { sameSeries, zfsVersions } from './versions.ts';

function snapshot(name: string, txg: number, change: Partial<Snapshot> = {}): Snapshot {
  return {
    name,
    guid: `${txg}`,
    createdTxg: BigInt(txg),
    createdAt: new Date(),
    holds: 0,
    markedBy: 'r-1',
    ...change,
  };
}

test('a snapshot is taken with the mark and found with its whole 64-bit GUID', async (context) => {
  const ground = makeGround(context);
  const zfs = zfsCommand(`${ground.folder}/zfs`);

  await takeSnapshots(zfs, [datasetName], 'haven-1', 'r-1');

  const [found] = await listSnapshots(zfs, datasetName);
  assert.deepEqual([found?.name, found?.guid, found?.markedBy], ['haven-1', '12345678901234567890', 'r-1']);
});

test('a mark that a snapshot inherits from its dataset is none', async () => {
  const zfs = async () =>
    ['guid\t1\t-', 'haven:snapshot\tr-1\tinherited from tank'].map((line) => `tank@a\t${line}`).join('\n');

  assert.equal((await listSnapshots(zfs, 'tank'))[0]?.markedBy, null);
});

test('a snapshot that is not ours is not destroyed, nor one that is held', async (context) => {
  const ground = makeGround(context);
  const zfs = zfsCommand(`${ground.folder}/zfs`);
  await takeSnapshots(zfs, [datasetName], 'held', 'r-1');
  await takeSnapshots(zfs, [datasetName], 'foreign', 'r-1');
  await holdSnapshot(zfs, 'haven:b:1', datasetName, 'held');
  const state = ground.zfsState();
  for (const one of state.datasets[datasetName]!.snapshots) if (one.name === 'foreign') one.properties = {};
  ground.writeZfsState(state);

  await assert.rejects(destroySnapshot(zfs, datasetName, 'held'), /it is held/);
  await assert.rejects(destroySnapshot(zfs, datasetName, 'foreign'), /does not carry the mark/);
  assert.ok(!ground.zfsCalls().some(([verb]) => verb === 'destroy'));
});

test('holds are found by the beginning of their tag', async (context) => {
  const ground = makeGround(context);
  const zfs = zfsCommand(`${ground.folder}/zfs`);
  await takeSnapshots(zfs, [datasetName], 'a', 'r-1');
  for (const tag of ['haven:b:1', 'haven:drill:r-1']) await holdSnapshot(zfs, tag, datasetName, 'a');

  const found = await findHolds(zfs, datasetName, await listSnapshots(zfs, datasetName), 'haven:drill:');

  assert.deepEqual(found, [{ name: 'a', tag: 'haven:drill:r-1' }]);
});

test('an error of zfs names what it means, and never the dataset', async (context) => {
  const zfs = zfsCommand(`${makeGround(context).folder}/zfs`);

  await assert.rejects(zfs(['list', '-o', 'type', 'tank/elsewhere']), (thrown) => {
    assert.ok(thrown instanceof HavenError);
    assert.deepEqual([thrown.report.code, thrown.report.message], ['source-unreadable', 'it does not exist']);
    return true;
  });
});

test('a zfs that is not there says so', async () => {
  await assert.rejects(zfsCommand('/nowhere/zfs')(['list']), /cannot be run/);
});

const plans: [string, Snapshot[], string[]][] = [
  ['older ones of ours go', [snapshot('a', 1), snapshot('b', 2), snapshot('c', 3)], ['a', 'b']],
  ['what is held stays', [snapshot('a', 1, { holds: 1 }), snapshot('c', 3)], []],
  ['what is not ours stays', [snapshot('a', 1, { markedBy: null }), snapshot('c', 3)], []],
  ['what is newer stays', [snapshot('c', 3), snapshot('d', 4)], []],
  ['without the backed-up one nothing goes', [snapshot('a', 1), snapshot('b', 2)], []],
];
for (const [name, snapshots, destroyed] of plans) {
  test(`cleaning up: ${name}`, () => {
    const plan = planCleanup(snapshots, '3');

    assert.deepEqual(plan.destroy, destroyed);
    assert.equal(plan.keep.length + plan.destroy.length, snapshots.length);
  });
}

const ofTank = '---- Permissions on tank ----------------------------------------------\n';
const ofHome = '---- Permissions on tank/home -----------------------------------------\n';
const all = 'bookmark,hold,release,send';
const allows: [string, string, number][] = [
  ['a number', `${ofHome}Local+Descendent permissions:\n\tuser 1000 ${all}`, 4],
  ['an unknown number', `${ofHome}Local+Descendent permissions:\n\tuser (unknown: 1000) ${all}`, 4],
  ['a name', `${ofHome}Local+Descendent permissions:\n\tuser alice ${all}`, 4],
  ['everyone', `${ofHome}Local permissions:\n\teveryone ${all}`, 4],
  ['the parent, for descendents', `${ofTank}Descendent permissions:\n\tuser 1000 ${all}`, 4],
  ['the parent, for itself alone', `${ofTank}Local permissions:\n\tuser 1000 ${all}`, 0],
  ['itself, for descendents alone', `${ofHome}Descendent permissions:\n\tuser 1000 ${all}`, 0],
  [
    'another user',
    `${ofHome}Local+Descendent permissions:\n\tuser 1001 ${all}\n\tuser (unknown: 10000) ${all}`,
    0,
  ],
  ['a group of that number', `${ofHome}Local+Descendent permissions:\n\tgroup 1000 ${all}`, 0],
  [
    'two places together',
    `${ofHome}Local permissions:\n\tuser 1000 send\n${ofTank}Local+Descendent permissions:\n\tuser 1000 hold`,
    2,
  ],
  ['nothing', '', 0],
];
for (const [name, output, count] of allows) {
  test(`delegation to ${name} grants ${count}`, () => {
    assert.equal(parseAllow(output, 'tank/home', 1000, 'alice').size, count);
  });
}

test('what is missing is delegated and then found', async (context) => {
  const zfs = zfsCommand(`${makeGround(context).folder}/zfs`);

  assert.deepEqual(await missingDelegation(zfs, datasetName, 1000), ['send', 'hold', 'release', 'bookmark']);
  await delegate(zfs, datasetName, 1000);
  assert.deepEqual(await missingDelegation(zfs, datasetName, 1000), []);
});

test('both halves of the version are read, and compared by series', async () => {
  assert.deepEqual(await zfsVersions(async () => 'zfs-2.3.2-1\nzfs-kmod-2.2.7-1\n'), {
    userland: '2.3.2-1',
    kernel: '2.2.7-1',
  });
  assert.ok(sameSeries('2.3.2-1', '2.3.9-1'));
  assert.ok(!sameSeries('2.3.2-1', '2.2.7-1'));
  assert.ok(!sameSeries('', ''));
});
