import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock, type ManualClock } from '../testing/manual-clock.ts';
import { createPace, type Pace } from './pace.ts';

const { signal } = new AbortController();

/** Sends as fast as it may, for so long; returns how many bytes went. */
async function sendFor(ms: number, pace: Pace, clock: ManualClock): Promise<number> {
  const end = clock.now() + ms;
  let sent = 0;
  while (clock.now() < end) {
    const slice = pace.sliceBytes();
    await pace.take(slice, signal);
    sent += slice;
  }
  return sent;
}

for (const rate of [1024, 8 * 1024, 512 * 1024, 10 * 1024 ** 2, 300 * 1024 ** 2]) {
  test(`${rate} bytes a second are kept within 5 % over a minute`, async () => {
    const clock = createManualClock();
    const pace = createPace(() => rate, clock);

    const sent = await sendFor(60_000, pace, clock);

    assert.ok(Math.abs(sent / (60 * rate) - 1) < 0.05, `${sent} bytes for ${60 * rate}`);
  });
}

test('waits for answers in between do not slow it down, and a long silence is not made up for', async () => {
  const clock = createManualClock();
  const rate = 100 * 1024;
  const pace = createPace(() => rate, clock);
  const startedAt = clock.now();
  let sent = 0;
  while (clock.now() - startedAt < 60_000) {
    sent += await sendFor(2000, pace, clock);
    clock.pass(500); // the answer
  }
  const kept = sent / (rate * ((clock.now() - startedAt) / 1000));
  clock.pass(3_600_000);
  const after = await sendFor(60_000, pace, clock);

  assert.ok(Math.abs(kept - 1) < 0.05, `${kept}`);
  assert.ok(Math.abs(after / (60 * rate) - 1) < 0.05, `${after}`);
});

test('a change of the rate takes effect at the next slice', async () => {
  const clock = createManualClock();
  let rate = 1024 * 1024;
  const pace = createPace(() => rate, clock);
  await sendFor(30_000, pace, clock);

  rate = 64 * 1024;
  const slow = await sendFor(60_000, pace, clock);
  rate = 2 * 1024 * 1024;
  const fast = await sendFor(60_000, pace, clock);

  assert.ok(Math.abs(slow / (60 * 64 * 1024) - 1) < 0.05, `${slow}`);
  assert.ok(Math.abs(fast / (60 * 2 * 1024 * 1024) - 1) < 0.05, `${fast}`);
});

test('a large slice that was cut before the rate fell does not wait for ever', async () => {
  const clock = createManualClock();
  const pace = createPace(() => 1024, clock);

  await pace.take(64 * 1024, signal);

  assert.ok(clock.now() >= 63_000 && clock.now() <= 65_000, `${clock.now()}`);
});

test('no limit takes no time', async () => {
  const clock = createManualClock();

  await createPace(() => Number.POSITIVE_INFINITY, clock).take(1e12, signal);

  assert.deepEqual(clock.slept, []);
});

test('a stop ends the wait', async () => {
  const pace = createPace(() => 1024, createManualClock());

  await assert.rejects(pace.take(64 * 1024, AbortSignal.abort()));
});
