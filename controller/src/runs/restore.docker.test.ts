// The orchestration of a restore by Docker, with the no-op image in every role: what it starts and mounts, what it takes back, what it never touches.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { quietSurroundings, said } from '../../testing/command-line.ts';
import { buildNoop, docker, ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { firstGuid } from '../../testing/fake-zfs.ts';
import { datasetName, type Ground, groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import { strategyA } from '../strategies/a.ts';
import { strategyB } from '../strategies/b.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { takeSnapshots } from '../zfs/snapshots.ts';
import type { RunSummary } from './recorded.ts';
import { type RestoreOptions, type RestoreResult, runRestore } from './restore.ts';

before(ensureNoop);

const target = 'tank/my restored';
const at = '2026-11-23T20:00:00Z';
const sizes = { parts: 1, streamBytes: 1000, streamSha256: 'ab'.repeat(32), storedBytes: 500 };
const backup = {
  ...{ id: '0f0f0f0f', chain: '0f0f0f0f', kind: 'full', base: null, source: 'home', guid: firstGuid },
  ...{ createdAt: at, committedAt: at, type: 'filesystem', ...sizes },
};
const older = { ...backup, guid: '11', createdAt: '2026-11-22T20:00:00Z' };
const newer = { ...backup, id: '1f1f1f1f', kind: 'incremental', base: '0f0f0f0f' };

interface Prepared {
  ground: Ground;
  app: App;
  restore: (wanted?: object) => Promise<RunSummary>;
}

interface Given {
  list?: unknown;
  drill?: unknown;
  strategy?: Strategy;
  signal?: AbortSignal;
}

/** As the drill image does it: the dataset is there, and marked, from the moment that `restore` receives. */
function makesDataset(ground: Ground): App['onEvent'] {
  return (verb, event) => {
    if (verb !== 'restore' || event.event !== 'started') return;
    const properties = { 'haven:restore': String((event as { run?: string }).run), readonly: 'on' };
    const state = ground.zfsState();
    state.datasets[target] = { type: 'filesystem', allowed: [], snapshots: [], properties };
    ground.writeZfsState(state);
  };
}

async function prepare(context: TestContext, given: Given = {}): Promise<Prepared> {
  const { strategy = strategyB } = given;
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const list = given.list ?? { result: { backups: [backup] } };
  const drillImage = given.drill === undefined ? 'haven/noop' : await buildNoop(context, given.drill);
  ground.writeConfig({ drillImage, settings: { script: { list } }, strategies: [strategy.name] });
  const app = groundApp(context, ground, given.signal);
  const state = ground.zfsState();
  state.datasets.tank = { type: 'filesystem', allowed: [], snapshots: [] };
  ground.writeZfsState(state);
  await takeSnapshots(app.zfs, [datasetName], 'haven-1', 'r-0');
  app.onEvent = makesDataset(ground);
  const restore = (wanted: object = { to: target }) =>
    runRestore(app, strategy, { source: 'home', ...wanted } as RestoreOptions);
  return { ground, app, restore };
}

async function leftovers(ground: Ground): Promise<string> {
  const containers = await docker('ps', '--all', '--format', '{{.Names}}', '--filter', `name=${ground.name}`);
  const volumes = await docker('volume', 'ls', '--quiet', '--filter', `name=${ground.name}`);
  const others = volumes.split('\n').filter((name) => !name.endsWith('-state'));
  const holds = ground.zfsState().datasets[datasetName]?.snapshots.flatMap((snapshot) => snapshot.holds);
  return [containers, ...others, ...(holds ?? [])].join('');
}

const datasets = (ground: Ground) => Object.keys(ground.zfsState().datasets).sort();
const proofOf = (summary: RunSummary) => summary.result as RestoreResult;

test('a chain is restored into a new dataset, compared with its source, and handed over', async (context) => {
  const { ground, app, restore } = await prepare(context, { list: { result: { backups: [newer, older] } } });

  const summary = await restore();

  assert.equal(summary.outcome, 'ok', summary.error?.message);
  const request = readFileSync(join(app.home.runs, summary.run, 'request-restore.json'), 'utf8');
  const { dataset, type, streams } = JSON.parse(request);
  assert.deepEqual([dataset, type, streams], [target, 'filesystem', 2]);
  const { by, sound, backup: id, chain, words } = proofOf(summary);
  assert.deepEqual([by, sound, id, chain], ['comparison', true, newer.id, 2]);
  assert.match(words, /3 entries, 2 files, 100 B, no difference/);
  assert.deepEqual(ground.zfsState().datasets[target]?.properties, {});
  assert.equal(app.history.runs({ kind: 'restore' })[0]?.outcome, 'ok');
  assert.equal(await leftovers(ground), '');
});

test('without the source, what was recorded when it was sent has to do, and that is said', async (context) => {
  const { ground, restore } = await prepare(context);
  const state = ground.zfsState();
  delete state.datasets[datasetName];
  ground.writeZfsState(state);

  const summary = await restore();

  assert.equal(summary.outcome, 'ok', summary.error?.message);
  assert.equal(proofOf(summary).by, 'records');
  assert.match(proofOf(summary).words, /^Nothing was compared, because .*SHA-256.*GUID/);
  assert.deepEqual(ground.zfsState().datasets[target]?.properties, {});
});

test('files of strategy A are fetched into a dataset that is made for them, and sealed before they are compared', async (context) => {
  const { ground, restore } = await prepare(context, { strategy: strategyA });

  const summary = await restore();

  assert.equal(summary.outcome, 'ok', summary.error?.message);
  const { properties, snapshots } = ground.zfsState().datasets[target]!;
  assert.deepEqual(
    snapshots.map(({ name }) => name),
    ['haven-restored-000'],
  );
  assert.deepEqual(properties, { canmount: 'noauto', acltype: 'posixacl', xattr: 'sa' });
  const made = ground.zfsCalls().find(([verb]) => verb === 'create');
  assert.ok(made?.includes(`haven:restore=${summary.run}`), String(made));
  assert.equal(await leftovers(ground), '');
});

test('a dataset that exists is refused before the store is asked, and nothing is touched', async (context) => {
  const { ground, app, restore } = await prepare(context);
  const verbs: string[] = [];
  app.onEvent = (verb) => void verbs.push(verb);

  const summary = await restore({ to: datasetName });

  assert.deepEqual([summary.outcome, summary.exit], ['failed', 3]);
  assert.match(summary.error?.message ?? '', /exists already/);
  assert.deepEqual(verbs, []);
  assert.deepEqual(datasets(ground), ['tank', datasetName]);
});

test('who does not say what to restore, or where to, is shown what there is and how to name it', async (context) => {
  const { ground, app } = await prepare(context);
  const surroundings = { ...quietSurroundings, signal: new AbortController().signal };
  const env = { HAVEN_HOME: ground.folder };

  const nothing = await said(['restore', 'b'], surroundings, env);
  const nowhere = await said(['restore', 'b', 'home'], { ...surroundings, randomHex: app.randomHex }, env);

  for (const { exit, stdout } of [nothing, nowhere]) {
    assert.equal(exit, 3);
    assert.match(stdout, /^0f0f0f0f +home +full/m);
  }
  assert.match(
    nothing.stderr,
    /say which of these[\s\S]*haven restore b DATASET \[BACKUP\] --to POOL\/NEW-DATASET/,
  );
  assert.match(nowhere.stderr, /say where to[\s\S]*haven restore b home \[BACKUP\] --to/);
});

const into = (ground: Ground, more = {}) => ({
  into: join(ground.folder, 'new'),
  path: '',
  really: false,
  ...more,
});

for (const strategy of [strategyA, strategyB]) {
  test(`of strategy ${strategy.name} a folder gets what was restored into a throwaway pool, which is destroyed`, async (context) => {
    const { ground, app, restore } = await prepare(context, { strategy });

    const summary = await restore(into(ground, { path: 'docs/letter' }));

    assert.equal(summary.outcome, 'ok', summary.error?.message);
    const { copied, by, to } = proofOf(summary);
    assert.deepEqual([copied?.files, by, to], [2, 'comparison', join(ground.folder, 'new', 'letter')]);
    const read = (step: string) =>
      JSON.parse(readFileSync(join(app.home.runs, summary.run, `request-${step}.json`), 'utf8'));
    const asked = ['look', 'copy'].map((step) => [read(step).step, read(step).path, read(step).really]);
    assert.deepEqual(asked, [
      ['look', 'docs/letter', false],
      ['copy', 'docs/letter', false],
    ]);
    assert.deepEqual(read('reap').pools, [read(strategy === strategyA ? 'prepare' : 'receive').pool]);
    assert.deepEqual(datasets(ground), ['tank', datasetName]);
    assert.equal(await leftovers(ground), '');
  });
}

test('of a restore’s steps only the fetch has the kit, and what writes into the owner’s folder sees no other', async (context) => {
  const { ground, app, restore } = await prepare(context);
  const accounts = new Map<string, Record<string, string>>();
  const made = app.onEvent;
  app.onEvent = (verb, event) => {
    made(verb, event);
    if (event.event === 'note')
      accounts.set(verb, JSON.parse(String((event as { message: unknown }).message)));
  };
  mkdirSync(join(ground.folder, 'new'));

  await restore();
  await restore(into(ground));

  const ofHaven = (verb: string) =>
    (accounts.get(verb)?.mounts ?? '')
      .split('\n')
      .filter((line) => /^\/(haven|run|tmp|root|var)\/./.test(line))
      .map((line) => line.split(',')[0])
      .toSorted();
  for (const [verb] of accounts)
    if (verb !== 'fetch' && verb !== 'list')
      assert.doesNotMatch(ofHaven(verb).join('\n'), /\/haven\/kit|\/run\/secrets/, verb);
  assert.ok(ofHaven('fetch').includes('/haven/kit ro'));
  assert.deepEqual(ofHaven('restore'), ['/haven/pipe rw', '/haven/request.json ro']);
  assert.deepEqual(ofHaven('copy-out'), [
    '/haven/into rw',
    '/haven/out rw',
    '/haven/request.json ro',
    '/haven/restored ro',
  ]);
});

test('a folder that is refused is refused before anything is fetched', async (context) => {
  const { ground, app, restore } = await prepare(context, { drill: { 'copy-out': { exitCode: 3 } } });
  const verbs = new Set<string>();
  app.onEvent = (verb) => void verbs.add(verb);

  const summary = await restore(into(ground));

  assert.deepEqual([summary.outcome, summary.exit], ['failed', 3]);
  assert.deepEqual([...verbs], ['copy-out']);
});

test('a folder that cannot keep all attributes is a partial restore, and says of what', async (context) => {
  const copied = { entries: 3, freeBytes: 1e12, files: 2, bytes: 9, differences: { xattr: 2 }, seconds: 1 };
  const { ground, restore } = await prepare(context, {
    drill: { 'copy-out': { result: { copiedOut: copied } } },
  });

  const summary = await restore(into(ground));

  assert.deepEqual([summary.outcome, summary.exit], ['partial', 10]);
  assert.match(summary.error?.message ?? '', /could not keep .*: 2 xattr/);
  assert.equal(await leftovers(ground), '');
});

const failures: [string, Given, number, RegExp][] = [
  [
    'a fetch that finds damage',
    { drill: { fetch: { exitCode: 30 }, restore: { sleepMs: 60_000 } } },
    30,
    /as the script says/,
  ],
  [
    'a full pool',
    { drill: { restore: { exitCode: 23 }, fetch: { sleepMs: 60_000 } } },
    23,
    /as the script says/,
  ],
  [
    'another stream',
    { list: { result: { backups: [{ ...backup, streamBytes: 1001 }] } } },
    30,
    /same-stream/,
  ],
];
for (const [name, given, exit, words] of failures) {
  test(`${name} ends with ${exit}, and what was made is taken back`, async (context) => {
    const { ground, restore } = await prepare(context, given);

    const summary = await restore();

    assert.deepEqual([summary.outcome, summary.exit], ['failed', exit], summary.error?.message);
    assert.match(summary.error?.message ?? '', words);
    assert.deepEqual(datasets(ground), ['tank', datasetName]);
    assert.equal(await leftovers(ground), '');
  });
}

test('what differs from its source is damage; it stays, read-only, for it may be all that there is', async (context) => {
  const comparison = {
    entries: 3,
    files: 2,
    bytes: 9,
    mismatches: 2,
    byType: {},
    checked: ['content'],
    tools: {},
    seconds: 1,
  };
  const { ground, restore } = await prepare(context, {
    drill: { verify: { exitCode: 30, result: { comparison } } },
  });

  const summary = await restore();

  assert.deepEqual([summary.outcome, summary.exit], ['failed', 30]);
  assert.match(summary.error?.message ?? '', /DIFFERS .* 2 differences/);
  assert.deepEqual(ground.zfsState().datasets[target]?.properties, { readonly: 'on' });
});

test('a restore that is stopped takes back what it made', async (context) => {
  const stopping = new AbortController();
  const given = { drill: { verify: { sleepMs: 60_000 } }, signal: stopping.signal };
  const { ground, app, restore } = await prepare(context, given);
  const make = app.onEvent;
  app.onEvent = (verb, event) => {
    make(verb, event);
    if (verb === 'verify') stopping.abort();
  };

  const summary = await restore();

  assert.deepEqual([summary.outcome, summary.exit], ['interrupted', 143]);
  assert.deepEqual(datasets(ground), ['tank', datasetName]);
  assert.equal(await leftovers(ground), '');
});

test('what a killed restore left is ended, and its dataset is named and left to its owner', async (context) => {
  const { ground, app, restore } = await prepare(context);
  const id = 'r-old';
  app.history.begin({ id, kind: 'restore', strategy: 'b', trigger: 'hand', started: new Date(0) });
  mkdirSync(join(app.home.runs, id));
  writeFileSync(join(app.home.runs, id, 'restore-target.json'), JSON.stringify({ target: 'tank/half' }));
  const state = ground.zfsState();
  const properties = { 'haven:restore': id };
  state.datasets['tank/half'] = { type: 'filesystem', allowed: [], snapshots: [], properties };
  ground.writeZfsState(state);

  await restore();

  const record = app.history.runs({ kind: 'restore' }).find((run) => run.id === id);
  assert.equal(record?.outcome, 'interrupted');
  assert.match(record?.error?.message ?? '', /tank\/half is left/);
  assert.match(record?.error?.hint ?? '', /zfs destroy -r 'tank\/half'/);
  assert.ok(datasets(ground).includes('tank/half'));
});
