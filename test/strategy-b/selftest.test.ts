// The self-test sees what there is to see: on the emulator as it is, on one that behaves otherwise, and on one that fails.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Observation } from '../../images/strategy-b/src/selftest/observation.ts';
import { google } from './drive.ts';
import { type Bench, createBench, type RunResult, storedFiles } from './harness.ts';
import { fakeSource } from './sources.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await createBench([fakeSource()]);
});
afterEach(() => bench.dispose());

function seen(run: RunResult): Record<string, string> {
  const { observations } = run.result.selftest as { observations: Observation[] };
  return Object.fromEntries(observations.map(({ id, saw }) => [id, saw]));
}

function different(run: RunResult): string[] {
  const { observations } = run.result.selftest as { observations: Observation[] };
  return observations.filter(({ same }) => !same).map(({ id, saw }) => `${id}: ${saw}`);
}

test('on the emulator every question is settled as the table of its answers says, and nothing is left', async () => {
  await bench.backup([fakeSource()]);
  const before = await storedFiles(bench.drive);

  const run = await bench.run('selftest');

  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.deepEqual(different(run), []);
  assert.deepEqual(await storedFiles(bench.drive), before);
  for (const secret of ['upload_id=', 'ya29', google.refresh_token, google.client_secret, 'AHmU'])
    assert.ok(!`${run.stdout}${run.stderr}`.includes(secret), secret);
});

for (const [settings, id, saw] of [
  [{ xRangeMd5: 'off' }, 'chunk-md5', /^missing$/],
  [{ xRangeMd5: 'wrong' }, 'status-md5', /NOT equal/],
  [{ idConflictAt: 'finish' }, 'id-in-use', /^HTTP 409 at the end$/],
  [{ shaChecksums: false }, 'checksums-at-once', /^md5, equal to ours$/],
  [{ listLagMs: 1500 }, 'list-by-name', /^after \d s$/],
] as const) {
  test(`an emulator with ${JSON.stringify(settings)} is seen to differ`, async () => {
    await bench.drive.admin('POST settings', settings);

    const run = await bench.run('selftest');

    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.match(seen(run)[id]!, saw);
    assert.deepEqual(
      (await storedFiles(bench.drive)).filter(({ name }) => name.startsWith('haven-selftest')),
      [],
    );
  });
}

test('throttling is lived through, and its Retry-After told', async () => {
  await bench.drive.fault('too-many-429', { match: 'upload-start', retryAfter: 1 });

  const run = await bench.run('selftest');

  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.equal(seen(run)['retry-after'], 'HTTP 429: 1');
});

test('questions that get no answer are not settled: exit 11, and what there is is removed', async () => {
  await bench.drive.fault('server-error-503', { match: 'list', times: 1000 });

  const run = await bench.run('selftest', {}, { giveUpAfterMs: 500 });

  assert.equal(run.status, 11, run.stdout + run.stderr);
  assert.match(seen(run)['list-by-name']!, /^not settled: HTTP 503/);
  assert.match(seen(run).gap!, /^HTTP 400/);
  assert.deepEqual(await storedFiles(bench.drive), []);
});

test('stopped in the middle it still cleans up', async () => {
  await bench.drive.admin('POST settings', { listLagMs: 3_600_000 });
  const running = bench.start('selftest');
  while ((await bench.drive.requests('list')).length < 4)
    await new Promise((resolve) => setTimeout(resolve, 50));
  running.child.kill('SIGTERM');

  const run = await running.ended;

  assert.equal(run.status, 143, run.stdout + run.stderr);
  assert.deepEqual(await storedFiles(bench.drive), []);
});

test('revoked credentials are exit 22', async () => {
  await bench.drive.admin('POST revoke');

  assert.equal((await bench.run('selftest')).status, 22);
});
