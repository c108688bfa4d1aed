// Both strategies drilled together, with the no-op image in every role.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { buildNoop, docker, ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { firstGuid } from '../../testing/fake-zfs.ts';
import { datasetName, type Ground, groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import { strategyA } from '../strategies/a.ts';
import { strategyB } from '../strategies/b.ts';
import { takeSnapshots } from '../zfs/snapshots.ts';
import { runDrill } from './drill.ts';
import type { DrillVerdict } from './drill-verdict.ts';

before(ensureNoop);

const at = '2026-11-23T20:00:00Z';
const backup = {
  ...{ id: '0f0f0f0f', chain: '0f0f0f0f', kind: 'full', base: null, source: 'home', guid: firstGuid },
  ...{ createdAt: at, committedAt: at, parts: 1, streamBytes: 1000, storedBytes: 500, type: 'filesystem' },
  streamSha256: 'ab'.repeat(32),
};
const list = (change = {}) => ({ script: { list: { result: { backups: [{ ...backup, ...change }] } } } });

async function prepare(context: TestContext, drill?: unknown): Promise<{ ground: Ground; app: App }> {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const drillImage = drill === undefined ? 'haven/noop' : await buildNoop(context, drill);
  ground.writeConfig({ drillImage, strategies: ['a', 'b'], settings: list() });
  const app = groundApp(context, ground);
  for (const half of ['a', 'b']) mkdirSync(join(app.home.kit, half), { recursive: true });
  await takeSnapshots(app.zfs, [datasetName], 'haven-1', 'r-0');
  return { ground, app };
}

const both = (app: App) => runDrill(app, [strategyA, strategyB], { trigger: 'hand' });

async function leftovers({ name }: Ground): Promise<string> {
  const containers = await docker('ps', '--all', '--format', '{{.Names}}', '--filter', `name=${name}`);
  const volumes = await docker('volume', 'ls', '--quiet', '--filter', `name=${name}-drill`);
  return containers + volumes;
}

test('where both hold the same snapshot, what they restored is compared with each other, and both verdicts say so', async (context) => {
  const { ground, app } = await prepare(context);

  const summaries = await both(app);

  const verdicts = summaries.map(({ result }) => result as DrillVerdict);
  assert.deepEqual(
    summaries.map(({ outcome }) => outcome),
    ['ok', 'ok'],
    verdicts.map((one) => one?.sentence).join(),
  );
  assert.match(verdicts[0]!.sentence, /The same as what strategy b restored/);
  assert.match(verdicts[1]!.sentence, /The same as what strategy a restored/);
  assert.deepEqual(
    app.history
      .runs({ kind: 'drill' })
      .map(({ strategy }) => strategy)
      .sort(),
    ['a', 'b'],
  );
  for (const { run } of summaries) assert.ok(existsSync(join(app.home.verdicts, `${run}.json`)));
  assert.ok(existsSync(join(app.home.runs, summaries[0]!.run, 'request-verify-against.json')));
  assert.deepEqual(ground.zfsState().datasets[datasetName]!.snapshots[0]!.holds, []);
  assert.equal(await leftovers(ground), '');
});

test('of two snapshots each is drilled by itself, and the verdicts say that they were not compared', async (context) => {
  const { ground, app } = await prepare(context);
  app.config.strategies.b!.settings = list({ guid: '7' });

  const [a, b] = await both(app);

  assert.equal(a!.outcome, 'ok', a!.error?.message);
  assert.match((a!.result as DrillVerdict).sentence, /Not compared with strategy b/);
  assert.equal(b!.outcome, 'failed');
  assert.ok(!existsSync(join(app.home.runs, a!.run, 'request-verify-against.json')));
  assert.equal(await leftovers(ground), '');
});

test('a store that cannot be asked is red for its own strategy only', async (context) => {
  const { app } = await prepare(context);
  app.config.strategies.b!.settings = { script: { list: { exitCode: 11 } } };

  const [a, b] = await both(app);

  assert.deepEqual([a!.exit, b!.exit], [0, 11]);
});

test('a half that restored nothing leaves the other one red by the comparison alone', async (context) => {
  const { ground, app } = await prepare(context, { seal: { exitCode: 1 } });

  const [a, b] = await both(app);

  const reds = (b!.result as DrillVerdict).sources[0]!.checks.filter(({ pass }) => !pass);
  assert.equal(a!.outcome, 'failed');
  assert.deepEqual(
    reds.map(({ name }) => name),
    ['same-as-a'],
  );
  assert.match(readFileSync(join(app.home.runs, b!.run, 'events.jsonl'), 'utf8'), /"verb":"receive"/);
  assert.equal(await leftovers(ground), '');
});
