// Prune against the emulated Drive: a plan deletes nothing, exactly that plan is carried out or none, and whoever is killed half-way leaves nothing half-true.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import type { Planned } from '../../images/strategy-b/src/contract/events.ts';
import { contractSchema } from '../conformance/schema.ts';
import { type Bench, createBench, listed, type RunResult, storedFiles } from './harness.ts';
import { idOf, plant } from './planted.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await createBench([]);
  // A chain of three that is old enough, one of one, and two that stay.
  await plant(bench, { name: 'a0', daysOld: 700 });
  await plant(bench, { name: 'a1', on: 'a0', chain: 'a0', daysOld: 699 });
  await plant(bench, { name: 'a2', on: 'a1', chain: 'a0', daysOld: 698 });
  await plant(bench, { name: 'b0', daysOld: 600 });
  await plant(bench, { name: 'c0', daysOld: 500 });
  await plant(bench, { name: 'd0', daysOld: 3 });
});
afterEach(() => bench.dispose());

const proven = [idOf('d0')];
const planned = ({ events }: RunResult) =>
  events.filter(({ event }) => event === 'planned') as unknown as Planned[];
const goes = (run: RunResult) =>
  planned(run)
    .filter((each) => each.goes)
    .map(({ id }) => id.slice(0, 2));

async function backups(): Promise<string[]> {
  return listed(await bench.run('list'))
    .map(({ id }) => id.slice(0, 2))
    .sort();
}

async function harm(end: string, how: object): Promise<void> {
  const file = (await storedFiles(bench.drive)).find(({ name }) => name.endsWith(end))!;
  await bench.drive.admin(`POST files/${file.id}/corrupt`, how);
}

test('without a plan one is printed, with a reason for each chain, and nothing is deleted', async () => {
  const before = (await storedFiles(bench.drive)).length;

  const run = await bench.run('prune', { proven });

  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.deepEqual(goes(run).sort(), ['a0', 'b0']);
  assert.equal(planned(run).length, 4);
  assert.ok(planned(run).every(({ reason }) => reason.length > 10));
  const { digest, ...sums } = run.result.plan!;
  assert.match(digest, /^[0-9a-f]{64}$/);
  assert.deepEqual(sums, { goes: 2, stays: 2, files: 12, storedBytes: 800 });
  assert.equal((await storedFiles(bench.drive)).length, before);
  assert.equal((await bench.drive.requests('delete')).length, 0);
});

test('every event is one of the contract', async () => {
  const validate = contractSchema('event');
  const run = await bench.run('prune', { proven });
  const applied = await bench.run('prune', { proven, plan: run.result.plan });

  for (const event of [...run.events, ...applied.events])
    assert.ok(validate(event), `${JSON.stringify(event)} ${JSON.stringify(validate.errors)}`);
});

test('the printed plan, and no other, is carried out; what stays is whole, and the audit is green', async () => {
  const { plan } = (await bench.run('prune', { proven })).result;

  const run = await bench.run('prune', { proven, plan });

  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.deepEqual(run.result.pruned, { files: 12, failed: 0, storedBytes: 800 });
  assert.deepEqual(await backups(), ['c0', 'd0']);
  assert.equal((await storedFiles(bench.drive)).length, 6);
  const audit = await bench.run('audit');
  assert.equal(audit.status, 0, audit.stdout);
  const cached = readdirSync(join(bench.folder, 'state', 'manifests'));
  assert.equal(cached.length, 2, 'the names in the manifests of deleted backups are forgotten');
  assert.equal((await bench.run('prune', { proven })).result.plan!.goes, 0);
});

for (const [name, change] of [
  ['another chain has become old enough', () => ({ settings: { keepChains: 1 } })],
  ['a drill was forgotten', () => ({ proven: [] })],
  ['the digest is another one', () => ({ plan: { digest: '0'.repeat(64) } })],
] as const) {
  test(`${name} since the plan: exit 3, and nothing is deleted`, async () => {
    const { plan } = (await bench.run('prune', { proven })).result;
    const api = { rootUrl: `${bench.drive.url}/`, tokenUrl: `${bench.drive.url}/token` };
    const { settings, ...more } = change() as { settings?: object };

    const run = await bench.run('prune', { proven, plan, settings: { api, ...settings }, ...more });

    assert.equal(run.status, 3, run.stdout);
    assert.match(run.result.error!.message, /has changed since the plan/);
    assert.equal((await bench.drive.requests('delete')).length, 0);
  });
}

for (const [name, end, how] of [
  ['an unreadable manifest', `${idOf('a1')}-manifest`, { how: 'flip', offset: 100 }],
  ['a missing part of the newest chain', `${idOf('d0')}-000001`, { how: 'delete' }],
  ['an altered part of the newest chain', `${idOf('d0')}-000000`, { how: 'flip', offset: 3 }],
  ['a manifest in the trash', `${idOf('c0')}-manifest`, { how: 'trash' }],
  ['a manifest that was there once', `${idOf('c0')}-manifest`, { how: 'delete' }],
] as const) {
  test(`${name} refuses everything: exit 30, even with a plan made before`, async () => {
    const { plan } = (await bench.run('prune', { proven })).result;
    await harm(end, how);

    const again = await bench.run('prune', { proven });
    const applied = await bench.run('prune', { proven, plan });

    for (const run of [again, applied]) {
      assert.equal(run.status, 30, run.stdout);
      assert.match(run.result.error!.message, /nothing may be deleted/);
      assert.deepEqual(goes(run), []);
    }
    assert.equal((await bench.drive.requests('delete')).length, 0);
  });
}

test('killed half-way: no manifest is left without its parts, and a new plan goes on', async () => {
  const { plan } = (await bench.run('prune', { proven })).result;
  for (let kills = 0; kills < 3; kills += 1) {
    const { plan: next } = (await bench.run('prune', { proven })).result;
    await bench.drive.fault('stall', { match: 'delete', nth: 3, seconds: 60 });
    const { child, ended } = bench.start('prune', { proven, plan: next }, { requestIdleMs: 60_000 });
    const deletes = async () => (await bench.drive.requests('delete')).length;
    const before = await deletes();
    while ((await deletes()) < before + 2) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGKILL');
    await ended;
    await bench.drive.admin('DELETE faults');

    const audit = await bench.run('audit');
    assert.equal(audit.status, 0, audit.stdout);
  }

  const rest = await bench.run('prune', { proven });
  const last = await bench.run('prune', { proven, plan: rest.result.plan });

  assert.ok(plan!.files > rest.result.plan!.files, 'something was deleted before it was killed');
  assert.equal(last.status, 0, last.stdout);
  assert.deepEqual(await backups(), ['c0', 'd0']);
  assert.equal((await storedFiles(bench.drive)).length, 6, 'no part is left behind');
});

test('SIGTERM ends it between two files: interrupted, and says how far it came', async () => {
  const { plan } = (await bench.run('prune', { proven })).result;
  await bench.drive.fault('stall', { match: 'delete', nth: 3, seconds: 60 });
  const { child, ended } = bench.start('prune', { proven, plan }, { requestIdleMs: 60_000 });
  while ((await bench.drive.requests('delete')).length < 2)
    await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill('SIGTERM');

  const run = await ended;

  assert.equal(run.status, 143, run.stdout);
  assert.equal(run.result.pruned?.files, 2);
});

test('a manifest that cannot be deleted keeps its parts and what it builds upon; the run is no success', async () => {
  const { plan } = (await bench.run('prune', { proven })).result;
  const refusal = { status: 403, reason: 'insufficientFilePermissions', message: 'no' };
  await bench.drive.fault('api-error', { match: 'delete', nth: 1, ...refusal });

  const run = await bench.run('prune', { proven, plan });

  assert.equal(run.status, 1, run.stdout);
  assert.equal(run.result.pruned?.failed, 1);
  assert.deepEqual(await backups(), ['a0', 'a1', 'a2', 'c0', 'd0']);
  assert.equal((await bench.run('audit')).status, 0);
});

test('a part that cannot be deleted is told, and goes with the next plan', async () => {
  const { plan } = (await bench.run('prune', { proven })).result;
  const refusal = { status: 403, reason: 'insufficientFilePermissions', message: 'no' };
  await bench.drive.fault('api-error', { match: 'delete', nth: 2, ...refusal });

  const run = await bench.run('prune', { proven, plan });
  const next = await bench.run('prune', { proven });

  assert.equal(run.status, 1, run.stdout);
  assert.deepEqual(run.result.pruned, { files: 11, failed: 1, storedBytes: 700 });
  assert.deepEqual(goes(next), ['a2']);
});

test('a file that has gone already is no failure', async () => {
  await harm(`${idOf('a0')}-000001`, { how: 'delete' });
  const { plan } = (await bench.run('prune', { proven })).result;

  const run = await bench.run('prune', { proven, plan });

  assert.equal(run.status, 0, run.stdout);
  assert.deepEqual(await backups(), ['c0', 'd0']);
});

test('old parts without a manifest go; young ones, those in the trash, and those under way stay', async () => {
  await plant(bench, { name: 'e0', daysOld: 8, withoutManifest: true });
  await plant(bench, { name: 'e1', daysOld: 6, withoutManifest: true });
  await plant(bench, { name: 'e2', daysOld: 8, withoutManifest: true });
  await plant(bench, { name: 'e3', daysOld: 8, withoutManifest: true, parts: 1 });
  await harm(`${idOf('e3')}-000000`, { how: 'trash' });
  journal(idOf('e2'), idOf('a0'));

  const run = await bench.run('prune', { proven });
  const applied = await bench.run('prune', { proven, plan: run.result.plan });

  assert.deepEqual(goes(run).sort(), ['b0', 'e0'], 'a0 stays too: what is under way builds upon it');
  assert.equal(applied.status, 0, applied.stdout);
  const left = (await storedFiles(bench.drive)).map(({ name }) => name.slice(3, 5));
  assert.deepEqual([...new Set(left)].sort(), ['a0', 'a1', 'a2', 'c0', 'd0', 'e1', 'e2', 'e3']);
});

test('with a journal that cannot be read nothing goes', async () => {
  mkdirSync(join(bench.folder, 'state'), { recursive: true });
  writeFileSync(join(bench.folder, 'state', 'journal.sqlite'), 'no database');

  const run = await bench.run('prune', { proven });

  assert.deepEqual(goes(run), []);
  assert.match(planned(run)[0]!.reason, /./);
  assert.ok(planned(run).some(({ reason }) => reason.includes('journal')));
});

function journal(backup: string, chain: string): void {
  const state = join(bench.folder, 'state');
  mkdirSync(state, { recursive: true });
  const database = new DatabaseSync(join(state, 'journal.sqlite'));
  database.exec('CREATE TABLE IF NOT EXISTS backup (id TEXT PRIMARY KEY, plan TEXT NOT NULL) STRICT');
  database.prepare('INSERT INTO backup VALUES (?, ?)').run(backup, JSON.stringify({ backup, chain }));
  database.close();
}
