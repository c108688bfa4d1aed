import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeState } from '../../testing/fake-zfs.ts';
import { type Ground, groundApp, makeGround } from '../../testing/ground.ts';
import { type ErrorReport, HavenError } from '../errors.ts';
import { demandTarget, destroyUnfinished, handOver, markOf } from './restore-target.ts';

const names = ['tank', 'tank/home', 'tank/my vms', 'tank/home/.zfs-ish'];

function stand(context: Parameters<typeof makeGround>[0]) {
  const ground = makeGround(context);
  const state = fakeState(names);
  state.datasets['tank/my vms']!.type = 'volume';
  state.datasets.tank!.available = 1000;
  ground.writeZfsState(state);
  return { ground, zfs: groundApp(context, ground).zfs };
}

function put(ground: Ground, name: string, properties: Record<string, string>): void {
  const state = ground.zfsState();
  state.datasets[name] = { type: 'filesystem', allowed: [], snapshots: [], properties };
  ground.writeZfsState(state);
}

async function refusal(act: Promise<unknown>): Promise<ErrorReport> {
  try {
    await act;
  } catch (thrown) {
    if (thrown instanceof HavenError) return thrown.report;
    throw thrown;
  }
  return assert.fail('was accepted');
}

test('a new name below a filesystem is a target', async (context) => {
  const { zfs } = stand(context);
  await demandTarget(zfs, 'tank/home/new one', 2000);
});

test('whatever is no new dataset is refused, with the remedy', async (context) => {
  const { zfs, ground } = stand(context);
  const cases: [string, RegExp, RegExp][] = [
    ['tank', /cannot be the name/, /POOL\/NAME/],
    ['tank/a@b', /cannot be the name/, /POOL\/NAME/],
    ['-r/tank', /cannot be the name/, /POOL\/NAME/],
    ['haven-drill-0123abcd/x', /cannot be the name/, /POOL\/NAME/],
    ['tank/home', /exists already/, /zfs rename 'tank\/home' 'tank\/home-old'/],
    ['tank/no/such', /no dataset tank\/no/, /zfs create -p 'tank\/no'/],
    ['usb/x', /no dataset usb/, /zpool list/],
    ['tank/my vms/x', /is a volume/, /filesystem/],
  ];

  for (const [target, message, hint] of cases) {
    const report = await refusal(demandTarget(zfs, target));
    assert.equal(report.code, 'bad-request', target);
    assert.match(report.message, message);
    assert.match(report.hint ?? '', hint);
  }
  assert.deepEqual([...new Set(ground.zfsCalls().map(([verb]) => verb))], ['list']);
});

test('a pool that has not even half the room is full before anything is fetched', async (context) => {
  const { zfs } = stand(context);
  await demandTarget(zfs, 'tank/x', 2000);
  assert.equal((await refusal(demandTarget(zfs, 'tank/x', 2001))).code, 'local-full');
});

test('only what bears the mark of this run, and has nothing below it, is destroyed', async (context) => {
  const { zfs, ground } = stand(context);
  put(ground, 'tank/other', { 'haven:restore': 'r-other' });
  put(ground, 'tank/full', { 'haven:restore': 'r-1' });
  put(ground, 'tank/full/owners', {});
  put(ground, 'tank/mine', { 'haven:restore': 'r-1' });
  put(ground, 'tank/mine too', {});

  assert.match((await destroyUnfinished(zfs, 'tank/home', 'r-1')) ?? '', /mark/);
  assert.match((await destroyUnfinished(zfs, 'tank/other', 'r-1')) ?? '', /mark/);
  assert.match((await destroyUnfinished(zfs, 'tank/full', 'r-1')) ?? '', /below/);
  assert.equal(await destroyUnfinished(zfs, 'tank/never', 'r-1'), undefined);
  assert.equal(await destroyUnfinished(zfs, 'tank/mine', 'r-1'), undefined);

  const left = Object.keys(ground.zfsState().datasets);
  assert.deepEqual(left, [...names, 'tank/other', 'tank/full', 'tank/full/owners', 'tank/mine too']);
});

test('what is busy for a moment, because a container that had it mounted has only just ended, is destroyed a moment later', async (context) => {
  const { zfs, ground } = stand(context);
  put(ground, 'tank/mine', { 'haven:restore': 'r-1' });
  let busy = 2;
  const slow = (args: string[]) => {
    if (args[0] !== 'destroy' || busy === 0) return zfs(args);
    busy -= 1;
    throw new HavenError({ code: 'source-unreadable', operation: 'zfs destroy', message: 'it is busy' });
  };

  assert.equal(await destroyUnfinished(async (args) => slow(args), 'tank/mine', 'r-1'), undefined);

  assert.deepEqual(Object.keys(ground.zfsState().datasets), names);
});

test('what is handed over is the owner’s: unmarked, and writable only when it is sound', async (context) => {
  const { zfs, ground } = stand(context);
  put(ground, 'tank/sound', { 'haven:restore': 'r-1', readonly: 'on' });
  put(ground, 'tank/unsound', { 'haven:restore': 'r-1', readonly: 'on' });

  await handOver(zfs, 'tank/sound', true);
  await handOver(zfs, 'tank/unsound', false);

  assert.deepEqual(ground.zfsState().datasets['tank/sound']?.properties, {});
  assert.deepEqual(ground.zfsState().datasets['tank/unsound']?.properties, { readonly: 'on' });
  assert.equal(await markOf(zfs, 'tank/sound'), '');
  assert.match((await destroyUnfinished(zfs, 'tank/sound', 'r-1')) ?? '', /mark/);
});
