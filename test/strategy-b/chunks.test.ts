// A part of many chunks, struck in the middle of a session. All faults, with a part of two chunks: fault-table.test.ts.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type Bench, createBench, type RunResult, storedFiles } from './harness.ts';
import { fakeSource } from './sources.ts';

const source = fakeSource({}, 2_500_000); // 1.25 MB of it incompressible: five chunks of 256 KiB
const onePart = { partBytes: 10_000_000 };
let bench: Bench;

beforeEach(async () => {
  bench = await createBench([source]);
});
afterEach(() => bench.dispose());

async function assertGood(backup: RunResult): Promise<void> {
  assert.equal(backup.status, 0, backup.stdout + backup.stderr);
  assert.deepEqual(await bench.drive.remainingFaults(), []);
  const audit = await bench.run('audit');
  assert.equal(audit.status, 0, audit.stdout);
  assert.equal(audit.result.audit?.parts, 1);
  assert.equal((await storedFiles(bench.drive)).length, 3); // folder, part, manifest
}

for (const [name, params] of [
  ['short-persist', { nth: 2 }],
  ['308-without-range', { match: 'upload-session', nth: 2, times: 2 }],
  ['answer-lost', { nth: 2 }],
  ['reset-inside-body', { nth: 3, afterBytes: 100_000 }],
  ['bit-flip-at-rest', { nth: 2, offset: 5 }],
  ['session-gone-404', { nth: 4 }],
] as const) {
  test(`a part is right in spite of ${name} ${JSON.stringify(params)}`, async () => {
    await bench.drive.fault(name, params);

    const backup = await bench.backup([source], onePart);

    await assertGood(backup);
  });
}

test('wrong bytes are noticed by X-Range-MD5 before the part’s end, and never become a file', async () => {
  await bench.drive.fault('bit-flip-on-wire', { nth: 1, offset: 5 });

  const backup = await bench.backup([source], onePart);

  await assertGood(backup);
  const chunks = await bench.drive.requests('upload-chunk');
  assert.equal(chunks.length, 1 + 5 + 1, 'one wrong chunk, five right ones, the manifest');
});

test('a slow line that moves is not taken for a dead one', async () => {
  await bench.drive.fault('slow', { times: 3, bytesPerSecond: 100_000 });

  const startedAt = Date.now();
  const running = bench.start('backup', requestOf(), { requestIdleMs: 5000 });
  const backup = await running.ended;

  assert.ok(Date.now() - startedAt > 6000);
  await assertGood(backup);
  assert.equal(backup.events.filter(({ code }) => code === 'retry').length, 0);
});

function requestOf(): object {
  const { dataset, snapshot, guid } = source;
  const api = { rootUrl: `${bench.drive.url}/`, tokenUrl: `${bench.drive.url}/token` };
  return { kind: 'full', sources: [{ id: 'home', dataset, snapshot, guid }], settings: { api, ...onePart } };
}
