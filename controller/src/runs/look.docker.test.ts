import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { before, type TestContext, test } from 'node:test';
import { docker, ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import type { Result } from '../contract/events.ts';
import { HavenError } from '../errors.ts';
import { readStatus } from '../status/status.ts';
import { strategyB } from '../strategies/b.ts';
import { runAudit } from './audit.ts';
import { runBackup } from './backup.ts';
import { listBackups } from './look.ts';

before(ensureNoop);

function prepare(context: TestContext, script: unknown): App {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  ground.writeConfig({ settings: { script } });
  return groundApp(context, ground);
}

test('two lists at once do not get in each other’s way, and leave no folder behind', async (context) => {
  const app = prepare(context, { sleepMs: 500 });

  const listings = await Promise.all([listBackups(app, strategyB), listBackups(app, strategyB)]);

  assert.deepEqual(listings, [
    { backups: [], incomplete: [], incompleteCount: 0 },
    { backups: [], incomplete: [], incompleteCount: 0 },
  ]);
  assert.deepEqual(readdirSync(app.home.runs), []);
});

test('a store that does not answer is thrown as what it is', async (context) => {
  const app = prepare(context, { exitCode: 11 });

  const isTryLater = (thrown: unknown) => thrown instanceof HavenError && thrown.report.code === 'try-later';
  await assert.rejects(listBackups(app, strategyB), isTryLater);
  const audit = await runAudit(app, strategyB, 'hand');
  assert.deepEqual([audit.exit, audit.error?.code], [11, 'try-later']);
});

test('findings of an audit are its answer, with exit 30 of the image', async (context) => {
  const findings = [{ kind: 'missing', part: 3, message: 'part 3 is not in the store' }];
  const audit = { backups: 1, parts: 4, storedBytes: 10, calls: 1, findings };
  const app = prepare(context, { exitCode: 30, result: { audit } });

  const summary = await runAudit(app, strategyB, 'hand');

  assert.deepEqual((summary.result as Result).audit, audit);
  assert.equal(summary.exit, 30);
  assert.deepEqual(
    app.history.runs({ kind: 'audit' }).map(({ trigger, exit }) => [trigger, exit]),
    [['hand', 30]],
  );
  assert.match(readStatus(app).sentence, /last audit found DAMAGE/);
});

test('a list that tells of fewer backups than it counts is no list', async (context) => {
  const app = prepare(context, { result: { count: 3 } });

  await assert.rejects(listBackups(app, strategyB), /3 were counted and 0 told/);
});

test('list and audit are given the state of the backups, and cannot write it', async (context) => {
  const app = prepare(context, {});
  const mounts: string[] = [];
  app.onEvent = (verb, event) => {
    if (event.event !== 'note') return;
    const given = JSON.parse((event as unknown as { message: string }).message) as { mounts: string };
    const line = given.mounts.split('\n').find((mount) => mount.startsWith('/haven/state '));
    mounts.push(`${verb} ${line?.split(/[ ,]/)[1]}`);
  };

  await runBackup(app, strategyB, { kind: 'auto', trigger: 'hand' });
  await listBackups(app, strategyB);

  assert.deepEqual(mounts, ['backup rw', 'audit ro', 'list ro']);
  const volumes = await docker('volume', 'ls', '--quiet', '--filter', `name=${app.config.name}-`);
  assert.equal(volumes, `${app.config.name}-b-state`);
});
