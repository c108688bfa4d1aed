// What a backup is asked to take, with a fake zfs: children come, go and are renamed between two runs.
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { fakeState } from '../../testing/fake-zfs.ts';
import { type Ground, groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import { readStatus } from '../status/status.ts';
import { statusText } from '../status/text.ts';
import { strategyA } from '../strategies/a.ts';
import { strategyB } from '../strategies/b.ts';
import { sourcesOf, sourcesToBackUp, withLocked } from './sources.ts';

function prepare(context: TestContext, names: string[], entry: object = {}): { ground: Ground; app: App } {
  const ground = makeGround(context);
  ground.writeZfsState(fakeState(names));
  const app = groundApp(context, ground);
  app.config.datasets = { home: { dataset: 'tank/home', recursive: true, exclude: [], ...entry } };
  return { ground, app };
}

const told = (app: App) => statusText(readStatus(app), app.now());

test('a child that appears is taken from the next run on', async (context) => {
  const { ground, app } = prepare(context, ['tank/home', 'tank/home/ann']);
  const before = await sourcesToBackUp(app, strategyB);
  ground.writeZfsState(fakeState(['tank/home', 'tank/home/ann', 'tank/home/robert', 'tank/homework']));

  const after = await sourcesToBackUp(app, strategyB);

  assert.deepEqual(
    [before, after].map(({ open }) => open.map(({ dataset }) => dataset)),
    [
      ['tank/home', 'tank/home/ann'],
      ['tank/home', 'tank/home/ann', 'tank/home/robert'],
    ],
  );
});

test('a child that vanished is told by status until it is back, with its name; the file is the owner’s alone', async (context) => {
  const { ground, app } = prepare(context, ['tank/home', 'tank/home/ann']);
  await sourcesToBackUp(app, strategyB);
  ground.writeZfsState(fakeState(['tank/home']));
  await sourcesToBackUp(app, strategyB);
  await sourcesToBackUp(app, strategyB);

  const gone = told(app);
  ground.writeZfsState(fakeState(['tank/home', 'tank/home/ann']));
  await sourcesToBackUp(app, strategyB);

  assert.match(gone, /NO LONGER BACKED UP: home-[0-9a-f]{8} \(tank\/home\/ann\) is gone/);
  assert.doesNotMatch(told(app), /NO LONGER/);
  assert.match(told(app), /^home-[0-9a-f]{8} +tank\/home\/ann +b$/m);
  assert.equal(statSync(app.home.datasets.b).mode & 0o777, 0o600);
});

test('what the owner excluded himself is not told as vanished', async (context) => {
  const { app } = prepare(context, ['tank/home', 'tank/home/ann']);
  await sourcesToBackUp(app, strategyB);
  app.config.datasets.home!.exclude = ['tank/home/ann'];

  await sourcesToBackUp(app, strategyB);

  assert.doesNotMatch(told(app), /NO LONGER|ann/);
});

test('an entry that is lost from the configuration is told by status, until its id is retired', async (context) => {
  const { app } = prepare(context, ['tank/home', 'tank/home/ann', 'tank/photos']);
  const photos = { photos: { dataset: 'tank/photos', recursive: false, exclude: [] } };
  app.config.datasets = { ...app.config.datasets, ...photos };
  await sourcesToBackUp(app, strategyB);
  app.config.datasets = { ...photos };

  const lost = told(app);
  await sourcesToBackUp(app, strategyB);
  const stillLost = told(app);
  app.config.retired = ['home'];
  const retired = told(app);
  await sourcesToBackUp(app, strategyB);

  for (const text of [lost, stillLost]) {
    assert.match(text, /NO LONGER BACKED UP: home \(tank\/home\) is neither in/);
    assert.match(text, /NO LONGER BACKED UP: home-[0-9a-f]{8} \(tank\/home\/ann\) is neither in/);
    assert.match(text, /^photos +tank\/photos +b$/m);
  }
  assert.doesNotMatch(retired, /NO LONGER/);
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(app.home.datasets.b, 'utf8'))), ['photos']);
});

test('a pool that is not there makes nothing vanish', async (context) => {
  const { ground, app } = prepare(context, ['tank/home', 'tank/home/ann']);
  await sourcesToBackUp(app, strategyB);
  ground.writeZfsState(fakeState(['other']));

  const { open } = await sourcesToBackUp(app, strategyB);

  assert.deepEqual(
    open.map(({ dataset }) => dataset),
    ['tank/home'],
  );
  assert.doesNotMatch(told(app), /NO LONGER/);
});

test('a memory that is damaged is no obstacle', async (context) => {
  const { app } = prepare(context, ['tank/home']);
  writeFileSync(app.home.datasets.b, '{"home":');

  assert.equal((await sourcesToBackUp(app, strategyB)).open.length, 1);
});

test('a locked dataset is set aside, and the run is partial; when all are locked it is a failure', async (context) => {
  const { ground, app } = prepare(context, []);
  const state = fakeState(['tank/home', 'tank/home/ann']);
  state.datasets['tank/home/ann']!.keystatus = 'unavailable';
  ground.writeZfsState(state);

  const { open, locked } = await sourcesToBackUp(app, strategyB);
  const ending = withLocked({ outcome: 'ok', exit: 0, error: null, result: null }, locked);
  state.datasets['tank/home']!.keystatus = 'unavailable';
  ground.writeZfsState(state);

  assert.deepEqual(
    open.map(({ id }) => id),
    ['home'],
  );
  assert.deepEqual([ending.outcome, ending.exit], ['partial', 10]);
  assert.match(ending.error?.message ?? '', /key is not loaded: home-[0-9a-f]{8}$/);
  await assert.rejects(sourcesToBackUp(app, strategyB), /key is not loaded: home, home-/);
});

test('what else failed is not hidden by a locked dataset', () => {
  const failed = { code: 'store-full', operation: 'backup', message: 'no room' } as const;
  const locked = [{ id: 'home-1', dataset: 'tank/x', root: 'home', locked: true, volume: false }];

  const ending = withLocked({ outcome: 'failed', exit: 21, error: failed, result: null }, locked);

  assert.deepEqual([ending.outcome, ending.exit, ending.error?.code], ['failed', 21, 'store-full']);
  assert.match(ending.error?.message ?? '', /^no room; and not backed up/);
});

test('when everything is excluded, it is a mistake and not a success', async (context) => {
  const { app } = prepare(context, ['tank/home'], { exclude: ['tank/home/.'] });

  await assert.rejects(sourcesToBackUp(app, strategyB), /nothing to back up/);
});

test('two datasets with one id are refused', async (context) => {
  const { ground, app } = prepare(context, []);
  const state = fakeState(['tank/home', 'tank/home/ann', 'tank/home/bob']);
  for (const name of ['tank/home/ann', 'tank/home/bob']) state.datasets[name]!.guid = '7';
  ground.writeZfsState(state);

  await assert.rejects(sourcesOf(app, strategyB), /two datasets have the id home-/);
});

test('names are in no log', async (context) => {
  const { ground, app } = prepare(context, ['tank/home', 'tank/home/secret-ann'], {
    exclude: ['tank/home/idle-x'],
  });
  const lines: string[] = [];
  app.log = new Proxy(app.log, {
    get: (log, name) =>
      name === 'warn' ? (...args: unknown[]) => lines.push(stringify(args)) : Reflect.get(log, name),
  });
  await sourcesToBackUp(app, strategyB);
  ground.writeZfsState(fakeState(['tank/home']));

  await sourcesToBackUp(app, strategyB);

  assert.ok(lines.length >= 3, lines.join());
  assert.doesNotMatch(lines.join(), /secret-ann|idle-x|tank/);
});

test('a volume is left out by a strategy that takes files, and status says so; the other one takes it', async (context) => {
  const { ground, app } = prepare(context, ['tank/home', 'tank/home/disk']);
  const state = ground.zfsState();
  state.datasets['tank/home/disk']!.type = 'volume';
  ground.writeZfsState(state);
  app.config.strategies.a = app.config.strategies.b;

  const [a, b] = [await sourcesToBackUp(app, strategyA), await sourcesToBackUp(app, strategyB)];

  assert.deepEqual([a.open.length, b.open.length], [1, 2]);
  assert.match(told(app), /NOT BACKED UP BY a: home-[0-9a-f]{8} \(tank\/home\/disk\) is a volume/);
  assert.match(told(app), /^home +tank\/home +a, b$/m);
  assert.match(told(app), /^home-[0-9a-f]{8} +tank\/home\/disk +b$/m);
});

test('where there are only volumes, a strategy that takes files has nothing to do', async (context) => {
  const { ground, app } = prepare(context, ['tank/home']);
  const state = ground.zfsState();
  state.datasets['tank/home']!.type = 'volume';
  ground.writeZfsState(state);

  await assert.rejects(sourcesToBackUp(app, strategyA), /only volumes, and strategy a backs up files/);
});

test('what one strategy remembers is not gone because the other one never had it', async (context) => {
  const { app } = prepare(context, ['tank/home', 'tank/home/ann']);
  app.config.datasets.ann = { dataset: 'tank/home/ann', recursive: false, exclude: [] };
  app.config.strategies.a = { ...app.config.strategies.b!, datasets: ['ann'] };

  for (const strategy of [strategyB, strategyA, strategyB]) await sourcesToBackUp(app, strategy);

  assert.doesNotMatch(told(app), /NO LONGER/);
});
