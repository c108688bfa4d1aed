// Whatever Drive does, a backup is either right or absent: what the table of all faults (fault-table.test.ts) cannot show. Each fault must really have happened.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type Bench, createBench, type RunResult, storedFiles, untilPart } from './harness.ts';
import { fakeSource } from './sources.ts';

const source = fakeSource();
let bench: Bench;

beforeEach(async () => {
  bench = await createBench([source]);
});
afterEach(() => bench.dispose());

async function manifests(): Promise<number> {
  return (await storedFiles(bench.drive)).filter(({ name }) => name.endsWith('-manifest')).length;
}

async function assertAllFaultsHappened(): Promise<void> {
  assert.deepEqual(await bench.drive.remainingFaults(), []);
}

async function assertGood(backup: RunResult): Promise<void> {
  assert.equal(backup.status, 0, backup.stdout + backup.stderr);
  await assertAllFaultsHappened();
  const audit = await bench.run('audit');
  assert.deepEqual(audit.result.audit?.findings, [], audit.stdout);
  assert.equal(audit.status, 0);
  assert.equal(audit.result.audit?.parts, 4);
}

test('an access token that ends in the middle is renewed', async () => {
  await bench.drive.fault('slow', { nth: 2, bytesPerSecond: 50_000 });
  const running = bench.start('backup', requestOf());
  await untilPart(running.child);

  await bench.drive.admin('POST expire-access-tokens');
  const backup = await running.ended;

  assert.equal((await bench.drive.requests('token')).length, 2);
  await assertGood(backup);
});

test('bytes that are wrong in the store are never counted: the part is sent again, and the wrong file is deleted', async () => {
  await bench.drive.fault('bit-flip-on-wire', { offset: 99, times: 2 });

  const backup = await bench.backup([source]);

  await assertGood(backup);
  assert.equal(backup.events.filter(({ code }) => code === 'resent').length, 2);
});

test('a full Drive is exit 21', async () => {
  await bench.drive.fault('quota-full', { match: 'upload-start', nth: 2 });

  const backup = await bench.backup([source]);

  assert.equal(backup.status, 21, backup.stdout);
  assert.equal(backup.result.error?.code, 'store-full');
  assert.deepEqual(backup.result.sources?.[0]?.error?.code, 'store-full');
  assert.equal(await manifests(), 0);
  assert.equal(bench.tools.holds().length, 1, 'the next run goes on from the same snapshot');
  await assertAllFaultsHappened();
});

test('revoked credentials are exit 22, and are not tried again', async () => {
  await bench.drive.admin('POST revoke');

  const backup = await bench.backup([source]);

  assert.equal(backup.status, 22, backup.stdout + backup.stderr);
  assert.equal((await bench.drive.requests('token')).length, 1);
  assert.match(backup.result.error!.hint!, /haven auth google.*"Testing"/);
});

test('a Drive that cannot be reached is exit 11', async () => {
  await bench.drive.kill();

  const backup = await bench.backup([source], {}, { giveUpAfterMs: 2000 });

  assert.equal(backup.status, 11, backup.stdout);
  assert.match(backup.result.error!.message, /ECONNREFUSED/);
});

function requestOf(): object {
  const { dataset, snapshot, guid } = source;
  return { kind: 'full', sources: [{ id: 'home', dataset, snapshot, guid }] };
}
