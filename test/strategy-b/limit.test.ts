// The owner's limit and Google's daily allowance, by real runs. How exact the limit is by the clock: images/strategy-b/src/limit/pace.test.ts.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type Bench, createBench, requestSource, smallParts } from './harness.ts';
import { fakeSource } from './sources.ts';

const source = fakeSource({}, 2_500_000); // half of it incompressible
let bench: Bench;

beforeEach(async () => {
  bench = await createBench([source]);
});
afterEach(() => bench.dispose());

test('a limit is kept, and is not taken for a stall', async () => {
  const startedAt = Date.now();

  const backup = await bench.backup(
    [source],
    { limit: '200k', partBytes: 10_000_000 },
    { requestIdleMs: 1000 },
  );

  const seconds = (Date.now() - startedAt) / 1000;
  assert.equal(backup.status, 0, backup.stdout + backup.stderr);
  assert.ok(seconds > 5, `${seconds} s for 6 s’ worth of bytes`);
  assert.deepEqual(
    backup.events.filter(({ event }) => event === 'note'),
    [],
  );
});

for (const [name, settings, wrong] of [
  ['a time zone that does not exist', { limitTimezone: 'Mars/Base' }, /settings\.limitTimezone: a time zone/],
  ['a limit that is none', { limit: '08:00,fast' }, /settings\.limit: "fast" is not a rate/],
] as const) {
  test(`${name} is exit 3`, async () => {
    const backup = await bench.backup([source], settings);

    assert.equal(backup.status, 3);
    assert.match(backup.result.error!.message, wrong);
  });
}

test('what was sent today is known to the next run: it waits, says so, and stops when asked to', async () => {
  const settings = { dailyUploadBytes: 1_300_000, partBytes: 10_000_000 };
  const first = await bench.backup([source], settings);
  const api = { rootUrl: `${bench.drive.url}/`, tokenUrl: `${bench.drive.url}/token` };
  const request = {
    kind: 'full',
    sources: [requestSource(source)],
    settings: { ...smallParts, ...settings, api },
  };

  const next = bench.start('backup', { ...request, kind: 'full' });
  const told = new Promise<void>((resolve) => {
    next.child.stdout!.on('data', (chunk) => {
      if (String(chunk).includes('"code":"daily-limit"')) resolve();
    });
  });
  await Promise.race([told, next.ended]);
  next.child.kill('SIGTERM');
  const second = await next.ended;

  assert.equal(first.status, 0, first.stdout);
  assert.equal(second.status, 143, second.stdout);
  const note = second.events.find(({ code }) => code === 'daily-limit');
  assert.match(String(note?.message), /1300000 bytes .* used up; more in about 14[34]\d min/);
});
