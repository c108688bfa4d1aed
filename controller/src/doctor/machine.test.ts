import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { datasetName } from '../../testing/ground.ts';
import {
  changeZfs,
  fakeEngine,
  type Healthy,
  healthy,
  healthyBoth,
  look,
  notOk,
  writeMemory,
} from '../../testing/healthy.ts';
import type { Engine } from '../docker/engine.ts';
import { takeLock } from '../history/lock.ts';
import { strategyB } from '../strategies/b.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { askClock } from './clock-check.ts';

const hoursAgo = (hours: number): Date => new Date(Date.now() - hours * 3_600_000);
const run = {
  kind: 'backup',
  strategy: 'b',
  trigger: 'hand',
  started: hoursAgo(10),
} as const;

function holdBy(tag: string): (given: Healthy) => void {
  const snapshot = { name: `s ${tag}`, guid: '1', txg: 1, creation: 1, holds: [tag], properties: {} };
  return ({ ground }) => changeZfs(ground, ({ datasets }) => datasets[datasetName]!.snapshots.push(snapshot));
}

function ended({ app }: Healthy, id: string, at = hoursAgo(9)): void {
  app.history.begin({ ...run, id });
  app.history.end(id, { ended: at, outcome: 'ok', exit: 0, error: null, result: null });
}

const faults: [string, (given: Healthy) => void, string][] = [
  [
    'little memory is left',
    ({ machine }) => writeMemory(machine, { total: 4096, available: 500, swap: 0 }),
    'memory: warn',
  ],
  [
    'a limit is above all the memory',
    ({ machine }) => writeMemory(machine, { total: 512, available: 500, swap: 0 }),
    'memory: failed',
  ],
  ['the memory cannot be read', ({ machine }) => (machine.proc = '/nowhere'), 'memory: failed'],
  [
    'Docker’s data cannot be looked at',
    ({ machine }) => (machine.dockerData = '/nowhere'),
    'room for uploads: failed',
  ],
  [
    'more would wait for its upload than there is room',
    ({ app }) => (app.config.strategies.b!.settings = { partBytes: 2 ** 60 }),
    'room for uploads: failed',
  ],
  ['the clock stands in the past', ({ app }) => (app.now = () => new Date('1970-01-02')), 'clock: failed'],
  [
    'the clock was set back',
    ({ app }) => app.history.begin({ ...run, id: 'x', started: hoursAgo(-10) }),
    'clock: failed',
  ],
  [
    'the largest dataset has no room in the scratch folder',
    ({ ground }) => changeZfs(ground, ({ datasets }) => (datasets[datasetName]!.bytes = 2 ** 60)),
    'scratch: warn',
  ],
  [
    'others may look into the secrets',
    ({ app }) => chmodSync(join(app.home.root, 'secrets'), 0o755),
    'secrets: failed',
  ],
  [
    'a passphrase is short',
    ({ app }) =>
      writeFileSync(join(app.home.secrets.b, 'passphrase'), 'hunter2\ncorrect-horse-battery-staple'),
    'secrets: warn',
  ],
  ['a drill that has ended left a hold', holdBy('haven:drill:x'), 'holds: warn'],
  [
    'a run that has ended left a hold',
    (given) => {
      ended(given, 'x');
      holdBy('haven:b:x')(given);
    },
    'holds: warn',
  ],
  ['a strategy that is no longer used holds', holdBy('haven:a:x'), 'holds: warn'],
  [
    'a drill left data in plain',
    ({ app }) => mkdirSync(join(app.home.runs, 'x/work'), { recursive: true }),
    'leftovers: warn',
  ],
  [
    'a drill left the file of a pool',
    ({ app }) => writeFileSync(join(app.home.scratch, 'haven-drill-0123.img'), ''),
    'leftovers: warn',
  ],
  [
    'a killed sabotage left its folder',
    ({ app }) => {
      app.history.begin({ ...run, id: 'x', kind: 'sabotage' });
      app.history.end('x', { ended: hoursAgo(9), outcome: 'ok', exit: 0, error: null, result: null });
      mkdirSync(join(app.home.scratch, 'sabotage-x'), { recursive: true });
    },
    'leftovers: warn',
  ],
  ['a kit was left half-written', ({ app }) => mkdirSync(`${app.home.kit}.next`), 'leftovers: warn'],
];
for (const [name, spoil, expected] of faults) {
  test(`${name}: ${expected} and nothing else, with a remedy`, async (context) => {
    const given = await healthy(context);
    spoil(given);

    const checks = await look(given);

    assert.ok(notOk(checks).includes(expected), notOk(checks).join('; '));
    assert.ok(checks.every(({ state, remedy }) => state === 'ok' || (remedy ?? '') !== ''));
    assert.doesNotMatch(JSON.stringify(checks), /secret place/);
  });
}

const own = { id: 'c0ffee42', name: 'controller', running: true, createdAt: new Date() };
const composed = (version: string): Partial<Engine> => ({
  containers: async ({ home }) =>
    home === undefined ? [{ ...own, labels: { 'com.docker.compose.version': version } }] : [],
});
const engines: [string, Partial<Engine>, string[]][] = [
  ['Docker is of 2019', { version: async () => '19.03.15' }, ['docker: failed']],
  ['Docker is Debian 11’s', { version: async () => '20.10.5+dfsg1' }, []],
  ['compose is the old program', composed('1.29.2'), ['docker compose: failed']],
  ['compose is a plugin', composed('2.26.1'), []],
  [
    'volumes of a run are left',
    { volumes: async ({ 'haven.part': part }) => (part === 'drill' ? ['haven-drill-x'] : []) },
    ['leftovers: warn'],
  ],
];
for (const [name, change, expected] of engines) {
  test(`${name}: ${expected.join() || 'all is ok'}`, async (context) => {
    const given = await healthy(context, fakeEngine(change));

    assert.deepEqual(notOk(await look(given)), expected);
  });
}

test('ZFS gives its cache back: what it takes counts as memory that can be had', async (context) => {
  const given = await healthy(context);
  writeMemory(given.machine, { total: 4096, available: 500, swap: 0 });
  const stats = `c_min    4    ${100 * 2 ** 20}\nsize     4    ${2000 * 2 ** 20}\n`;
  writeFileSync(join(given.machine.proc, 'spl/kstat/zfs/arcstats'), stats);

  assert.deepEqual(notOk(await look(given)), []);
});

test('both strategies with one passphrase: one that is found out opens everything', async (context) => {
  const given = await healthyBoth(context);
  const { a, b } = given.app.home.secrets;
  writeFileSync(join(a, 'passphrase'), 'correct-horse-battery-staple\n');
  writeFileSync(join(b, 'passphrase'), 'another-passphrase-of-today\ncorrect-horse-battery-staple\n');

  assert.ok(notOk(await look(given)).includes('secrets: failed'));
});

test('holds that a run still needs are left alone: of a backup under way, of a drill, and of a restore', async (context) => {
  const given = await healthy(context);
  ended(given, 'shared');
  given.app.history.begin({ ...run, id: 'x' });
  given.app.history.begin({ ...run, kind: 'drill', id: 'y' });
  given.app.history.begin({ ...run, kind: 'restore', id: 'z' });
  holdBy('haven:b:x')(given);
  holdBy('haven:b:shared')(given);
  holdBy('haven:drill:y')(given);
  holdBy('haven:drill:z')(given);
  holdBy('mine')(given);

  assert.deepEqual(notOk(await look(given, { fix: true })), []);
  assert.equal(
    given.ground.zfsState().datasets[datasetName]!.snapshots.flatMap(({ holds }) => holds).length,
    5,
  );
});

test('of a strategy that reads trees the newest backup’s hold stays, and those before it are in vain', async (context) => {
  const given = await healthyBoth(context);
  given.app.history.begin({ ...run, strategy: 'a', id: 'n' });
  const result = { backups: [{ source: 'home', guid: '22' }] };
  given.app.history.end('n', { ended: new Date(), outcome: 'ok', exit: 0, error: null, result });
  changeZfs(given.ground, ({ datasets }) => {
    for (const [name, txg] of [
      ['old', 21],
      ['new', 22],
    ] as const)
      datasets[datasetName]!.snapshots.push({
        ...{ name, txg, guid: String(txg), creation: 1, properties: {} },
        holds: ['haven:a:n'],
      });
  });

  assert.deepEqual(notOk(await look(given)), ['holds: warn']);
  assert.deepEqual(notOk(await look(given, { fix: true })), []);
  const left = given.ground.zfsState().datasets[datasetName]!.snapshots.map(({ holds }) => holds);
  assert.deepEqual(left, [[], ['haven:a:n']]);
});

test('--fix releases what is held in vain, and not while a run is under way; it closes the secrets', async (context) => {
  const given = await healthy(context);
  holdBy('haven:drill:x')(given);
  chmodSync(join(given.app.home.root, 'secrets'), 0o755);
  const lock = takeLock(given.app.home.locks, 'drill');

  assert.deepEqual(notOk(await look(given, { fix: true })), ['holds: failed']);
  lock.release();
  assert.deepEqual(notOk(await look(given, { fix: true })), []);
  assert.deepEqual(given.ground.zfsState().datasets[datasetName]!.snapshots[0]!.holds, []);
  assert.equal(statSync(join(given.app.home.root, 'secrets')).mode & 0o777, 0o700);
});

test('the clock is compared with that of a store: five minutes apart are too many', async (context) => {
  const states: string[] = [];
  for (const seconds of [0, 60, 900]) {
    const url = await storeThatSays(context, new Date(Date.now() - seconds * 1000));
    const given = await healthy(context);
    given.app.config.strategies.b!.settings = { api: { rootUrl: url } };
    const checks = await look(given, { clock: askClock });
    states.push(checks.find(({ name }) => name === 'clock')!.state);
  }

  assert.deepEqual(states, ['ok', 'warn', 'failed']);
});

test('a store that does not answer tells no time, and is not waited for', async (context) => {
  const { app } = await healthy(context);
  const silent: Strategy = { ...strategyB, addressOf: () => 'http://127.0.0.1:9/' };

  assert.equal(await askClock(app, [silent]), undefined);
});

async function storeThatSays(context: TestContext, time: Date): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(404, { date: time.toUTCString() }).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  context.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
