import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { before, type TestContext, test } from 'node:test';
import { ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import { HavenError } from '../errors.ts';
import { auditBackups, listBackups } from './look.ts';

before(ensureNoop);

function prepare(context: TestContext, script: unknown): App {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  ground.writeConfig({ settings: { script } });
  return groundApp(context, ground);
}

test('two lists at once do not get in each other’s way, and leave no folder behind', async (context) => {
  const app = prepare(context, { sleepMs: 500 });

  const listings = await Promise.all([listBackups(app), listBackups(app)]);

  assert.deepEqual(listings, [
    { backups: [], incomplete: [] },
    { backups: [], incomplete: [] },
  ]);
  assert.deepEqual(readdirSync(app.home.runs), []);
});

test('a store that does not answer is thrown as what it is', async (context) => {
  const app = prepare(context, { exitCode: 11 });

  const isTryLater = (thrown: unknown) => thrown instanceof HavenError && thrown.report.code === 'try-later';
  await assert.rejects(listBackups(app), isTryLater);
  await assert.rejects(auditBackups(app), isTryLater);
});

test('findings of an audit are its answer, with exit 30 of the image', async (context) => {
  const findings = [{ kind: 'missing', part: 3, message: 'part 3 is not in the store' }];
  const audit = { backups: 1, parts: 4, storedBytes: 10, calls: 1, findings };
  const app = prepare(context, { exitCode: 30, result: { audit } });

  assert.deepEqual(await auditBackups(app), audit);
});
