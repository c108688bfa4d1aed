// What an audit says of chains: a link that is missing, a store that was set back, files too many, and what it cost to find out.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type Bench, createBench, type RunResult, storedFiles } from './harness.ts';
import { idOf, plant } from './planted.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await createBench([]);
  await plant(bench, { name: 'a0', daysOld: 30 });
  await plant(bench, { name: 'a1', on: 'a0', chain: 'a0', daysOld: 20 });
  await plant(bench, { name: 'a2', on: 'a1', chain: 'a0', daysOld: 10 });
});
afterEach(() => bench.dispose());

const kindsOf = (run: RunResult) =>
  run.result.audit!.findings.map(({ kind, backup }) => `${kind} ${backup?.slice(0, 2)}`).sort();

async function remove(end: string): Promise<void> {
  const file = (await storedFiles(bench.drive)).find(({ name }) => name.endsWith(end))!;
  await bench.drive.admin(`POST files/${file.id}/corrupt`, { how: 'delete' });
}

test('a whole chain is green, for one list call and each manifest once', async () => {
  const first = await bench.run('audit');
  const second = await bench.run('audit');

  assert.equal(first.status, 0, first.stdout);
  const { calls, askedById, downloads } = first.result.audit!;
  assert.deepEqual([calls, askedById, downloads], [4, 0, 3]);
  assert.equal(second.result.audit!.calls, 1);
});

test('a link that is gone breaks every backup above it, even when nothing is remembered', async () => {
  await remove(`${idOf('a0')}-manifest`);

  const audit = await bench.run('audit');

  assert.equal(audit.status, 30);
  assert.deepEqual(kindsOf(audit), ['broken-chain a1', 'broken-chain a2']);
});

test('a store that was set back by two backups is whole in itself, and found by what is remembered', async () => {
  await bench.run('audit');
  for (const name of ['a1', 'a2'])
    for (const part of ['manifest', '000000', '000001']) await remove(`${idOf(name)}-${part}`);

  const audit = await bench.run('audit');

  assert.equal(audit.status, 30, audit.stdout);
  assert.deepEqual(kindsOf(audit), ['rolled-back a1', 'rolled-back a2']);
  assert.equal(audit.result.audit!.askedById, 2, 'each was asked for before it was called gone');
});

test('an incremental upon a backup of another chain is broken', async () => {
  await plant(bench, { name: 'b0', daysOld: 5 });
  await plant(bench, { name: 'b1', on: 'a2', chain: 'b0', daysOld: 4 });

  assert.deepEqual(kindsOf(await bench.run('audit')), ['broken-chain b1']);
});

test('an incremental upon another snapshot than that of its base is broken', async () => {
  await plant(bench, { name: 'a3', on: 'a2', baseGuid: '99', chain: 'a0', daysOld: 4 });

  assert.deepEqual(kindsOf(await bench.run('audit')), ['broken-chain a3']);
});

test('a second manifest and a second copy of a part are extra', async () => {
  await plant(bench, { name: 'a2', on: 'a1', chain: 'a0', daysOld: 10 });

  const kinds = kindsOf(await bench.run('audit'));

  assert.deepEqual([...new Set(kinds)], ['extra a2']);
});

test('prune deletes all manifests of a backup before its parts', async () => {
  await plant(bench, { name: 'a0', daysOld: 30 });
  await plant(bench, { name: 'b0', daysOld: 5 });
  const api = { rootUrl: `${bench.drive.url}/`, tokenUrl: `${bench.drive.url}/token` };
  const request = { settings: { api, keepWithin: '7d', keepChains: 1 }, proven: [idOf('b0')] };
  const { plan } = (await bench.run('prune', request)).result;

  await bench.run('prune', { ...request, plan });

  const left = (await storedFiles(bench.drive)).filter(({ name }) => name.endsWith('-manifest'));
  assert.deepEqual(
    left.map(({ name }) => name),
    [`h1-${idOf('b0')}-manifest`],
  );
});
