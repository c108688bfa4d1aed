// What a controller that was killed leaves behind, and what the next one makes of it.
import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import { docker, ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { datasetName, type Ground, groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import { containerOptions } from '../docker/container-options.ts';
import { HavenError } from '../errors.ts';
import { strategyB } from '../strategies/b.ts';
import { runBackup } from './backup.ts';
import { strategySpec } from './images.ts';
import { adoptAll } from './leftovers.ts';
import { makeRunFolder, requestMount } from './run-folder.ts';

before(ensureNoop);

const run = 'r-old';

/** Starts a backup's container as the controller does, and then nobody looks after it. */
async function abandon(
  context: TestContext,
  script: unknown,
): Promise<{ ground: Ground; app: App; name: string }> {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const app = groundApp(context, ground);
  app.history.begin({ id: run, kind: 'backup', strategy: 'b', trigger: 'schedule', started: new Date() });
  const sources = [{ id: 'home', dataset: datasetName, snapshot: 'haven-1', guid: '1' }];
  const folder = makeRunFolder(app.home, run);
  const settings = { script } as Record<string, unknown>;
  const mounts = [
    requestMount(folder, { contract: '1.0', verb: 'backup', run, kind: 'auto', sources, settings }),
  ];
  const spec = strategySpec(app, strategyB, { verb: 'backup', run, mounts });
  await app.engine.start(await app.engine.create(containerOptions(spec)));
  return { ground, app, name: spec.name };
}

test('a run that ended while nobody looked is recorded as what it came to', async (context) => {
  const { app, name } = await abandon(context, {});
  await docker('wait', name);

  await adoptAll(app, async () => {});

  const [record] = app.history.runs({});
  assert.deepEqual([record?.id, record?.outcome, record?.exit], [run, 'ok', 0]);
  assert.deepEqual(await app.engine.containers({ name }), []);
});

test('a run that was cut off is recorded as interrupted, and the next backup goes ahead', async (context) => {
  const { app, name } = await abandon(context, { sleepMs: 60_000 });
  await docker('kill', name);

  const summary = await runBackup(app, strategyB, { kind: 'auto', trigger: 'hand' });

  assert.equal(summary.outcome, 'ok', summary.error?.message);
  assert.equal(app.history.runs({}).find(({ id }) => id === run)?.outcome, 'interrupted');
});

test('a run that is still at work is left alone: busy', async (context) => {
  const { ground, app, name } = await abandon(context, { sleepMs: 60_000 });

  await assert.rejects(
    runBackup(app, strategyB, { kind: 'auto', trigger: 'hand' }),
    (thrown) =>
      thrown instanceof HavenError && thrown.report.code === 'busy' && thrown.report.message.includes(run),
  );

  assert.equal((await app.engine.containers({ name }))[0]?.running, true);
  assert.ok(!ground.zfsCalls().some(([verb]) => verb === 'snapshot'));
  assert.equal(app.history.unfinished('b', 'backup').length, 1);
});

test('a run that is still at work and was cancelled is stopped, and recorded as that', async (context) => {
  const { app, name } = await abandon(context, { sleepMs: 60_000 });
  app.history.cancel(run, new Date());

  await adoptAll(app, async () => {});

  const [record] = app.history.runs({});
  assert.deepEqual([record?.id, record?.outcome, record?.exit], [run, 'interrupted', 143]);
  assert.deepEqual(await app.engine.containers({ name }), []);
});

test('a run that is still at work beyond its maximum run time is stopped, and the next backup goes ahead', async (context) => {
  const { app, name } = await abandon(context, { sleepMs: 60_000 });
  const later = new Date(Date.now() + 61 * 60 * 1000);

  await adoptAll({ ...app, now: () => later }, async () => {});

  const [record] = app.history.runs({});
  assert.deepEqual([record?.id, record?.outcome, record?.exit], [run, 'failed', 1]);
  assert.match(record?.error?.message ?? '', /maximum run time/);
  assert.deepEqual(await app.engine.containers({ name }), []);
});

test('an audit that nobody ended ends after an hour, whatever backup is at work', async (context) => {
  const { app } = await abandon(context, { sleepMs: 60_000 });
  const started = new Date(Date.now() - 61 * 60 * 1000);
  app.history.begin({ id: 'r-old-audit', kind: 'audit', strategy: 'b', trigger: 'schedule', started });
  app.history.begin({
    id: 'r-new-audit',
    kind: 'audit',
    strategy: 'b',
    trigger: 'hand',
    started: new Date(),
  });

  await adoptAll(app, async () => {});

  const unfinished = [...app.history.unfinished('b', 'audit'), ...app.history.unfinished('b', 'backup')];
  assert.deepEqual(
    unfinished.map(({ id }) => id),
    ['r-new-audit', run],
  );
});

test('a run without any container was cut off before it had one', async (context) => {
  const ground = makeGround(context);
  const app = groundApp(context, ground);
  app.history.begin({ id: run, kind: 'backup', strategy: 'b', trigger: 'schedule', started: new Date() });

  await adoptAll(app, async () => {});

  assert.equal(app.history.runs({})[0]?.outcome, 'interrupted');
});

test('a sabotage that was killed is recorded as interrupted, and its store goes', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const app = groundApp(context, ground);
  app.history.begin({ id: run, kind: 'sabotage', strategy: 'b', trigger: 'hand', started: new Date() });
  const name = `${ground.name}-drill-store`;
  await docker('run', '--detach', '--name', name, '--entrypoint', 'sleep', 'haven/noop', '300');

  await adoptAll(app, async () => {});

  assert.equal(app.history.runs({})[0]?.outcome, 'interrupted');
  assert.deepEqual(await app.engine.containers({ name }), []);
});
