// The whole way of a backup by Docker, with the no-op image in strategy B's place and a fake zfs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { buildNoop, ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { datasetName, groundApp, makeGround } from '../../testing/ground.ts';
import { strategyB } from '../strategies/b.ts';
import { runBackup } from './backup.ts';

before(ensureNoop);

const options = { kind: 'auto', trigger: 'hand' } as const;

test('a committed backup keeps its snapshot and is recorded as ok', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const app = groundApp(context, ground);

  const summary = await runBackup(app, strategyB, options);

  assert.equal(summary.outcome, 'ok', JSON.stringify(summary.error));
  const [snapshot, ...others] = ground.zfsState().datasets[datasetName]!.snapshots;
  assert.equal(others.length, 0);
  assert.match(snapshot!.name, /^haven-\d{8}T\d{6}Z$/);
  assert.equal(snapshot!.properties['haven:snapshot'], summary.run);
  assert.equal(app.history.runs({ kind: 'backup' })[0]!.outcome, 'ok');
});

test('a failed backup destroys its snapshot again', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  ground.writeConfig({ settings: { script: { exitCode: 21 } } });
  const app = groundApp(context, ground);

  const summary = await runBackup(app, strategyB, options);

  assert.deepEqual([summary.outcome, summary.exit, summary.error?.code], ['failed', 21, 'store-full']);
  assert.equal(ground.zfsState().datasets[datasetName]!.snapshots.length, 0);
});

test('an audit follows a backup, is recorded, and its findings are not lost behind a good backup', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const findings = [{ kind: 'missing', part: 3, message: 'part 3 is not in the store' }];
  const audit = { backups: 1, parts: 4, storedBytes: 10, calls: 1, findings };
  ground.writeConfig({ settings: { script: { audit: { exitCode: 30, result: { audit } } } } });
  const app = groundApp(context, ground);

  const summary = await runBackup(app, strategyB, options);

  assert.deepEqual([summary.exit, summary.audit?.exit], [0, 30]);
  assert.deepEqual(
    app.history.runs({}).map(({ kind, trigger, exit }) => [kind, trigger, exit]),
    [
      ['audit', 'after-backup', 30],
      ['backup', 'hand', 0],
    ],
  );
});

test('nothing is audited after a backup that committed nothing', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  ground.writeConfig({ settings: { script: { exitCode: 21 } } });
  const app = groundApp(context, ground);

  assert.equal((await runBackup(app, strategyB, options)).audit, null);
});

test('an image of another contract is refused before any snapshot is taken', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const image = await buildNoop(context, {
    version: { supported: ['2.0'] },
  });
  ground.writeConfig({ image });
  const app = groundApp(context, ground);

  const summary = await runBackup(app, strategyB, options);

  assert.equal(summary.exit, 3);
  assert.ok(!ground.zfsCalls().some(([verb]) => verb === 'snapshot'));
});

test('the names of datasets and snapshots reach neither the log nor the history', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const app = groundApp(context, ground);

  const summary = await runBackup(app, strategyB, options);

  const log = readFileSync(join(ground.folder, 'runs', summary.run, 'log.txt'), 'utf8');
  const events = readFileSync(join(ground.folder, 'runs', summary.run, 'events.jsonl'), 'utf8');
  const history = JSON.stringify(app.history.runs({}));
  for (const text of [log, events, history]) assert.ok(!text.includes(datasetName));
});
