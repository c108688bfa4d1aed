// A part of many chunks, each a request that can go wrong in the middle of a session.
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
  ['308-without-range', { match: 'upload-chunk', nth: 2 }],
  ['308-without-range', { match: 'upload-session', nth: 2, times: 2 }],
  ['answer-lost', { nth: 2 }],
  ['answer-lost', { nth: 5 }],
  ['reset-before-body', { nth: 3 }],
  ['reset-inside-body', { nth: 3, afterBytes: 100_000 }],
  ['wrong-md5-header', { nth: 2 }],
  ['bit-flip-on-wire', { nth: 2, offset: 5 }],
  ['bit-flip-at-rest', { nth: 2, offset: 5 }],
  ['session-gone-404', { nth: 4 }],
  ['unauthorized-401', { match: 'upload-chunk', nth: 3 }],
  ['server-error-503', { match: 'upload-chunk', nth: 3, times: 3 }],
  ['too-many-429', { match: 'upload-chunk', nth: 3, retryAfter: 1 }],
  ['stall', { nth: 3 }],
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

for (const xRangeMd5 of ['off', 'wrong'] as const) {
  test(`X-Range-MD5 is not depended upon: ${xRangeMd5}`, async () => {
    await bench.drive.admin('POST settings', { xRangeMd5 });

    const backup = await bench.backup([source], onePart);

    await assertGood(backup);
  });
}

for (const settings of [{ shaChecksums: false }, { idConflictAt: 'start' }, { idConflictAt: 'finish' }]) {
  test(`an answer lost at a part’s end makes no second file: ${JSON.stringify(settings)}`, async () => {
    await bench.drive.admin('POST settings', settings);
    await bench.drive.fault('answer-lost', { match: 'upload-final' });
    await bench.drive.fault('session-gone-404', { match: 'upload-status' }); // so that a new session is tried

    const backup = await bench.backup([source], onePart);

    await assertGood(backup);
  });
}

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
