import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from './errors.ts';
import { createBackoff, type RetryPolicy, withRetry } from './retry.ts';
import type { Store } from './store.ts';

interface Slept {
  waits: number[];
  /** Those told as long ones. */
  sleeps: number[];
  passed(ms: number): void;
  policy: RetryPolicy;
  stop: AbortController;
}

function policy(random = 0.5): Slept {
  let now = 0;
  const waits: number[] = [];
  const sleeps: number[] = [];
  const stop = new AbortController();
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      waits.push(ms);
      now += ms;
    },
  };
  return {
    waits,
    sleeps,
    stop,
    passed: (ms) => {
      now += ms;
    },
    policy: {
      clock,
      random: () => random,
      giveUpAfterMs: 100_000,
      backoffBaseMs: 1000,
      backoffMaxMs: 16_000,
      throttle: {
        afterMs: 60_000,
        sleepMs: 3_600_000,
        giveUpAfterMs: 86_400_000,
        onSleep: (_, __, ms) => void sleeps.push(ms),
      },
      stop: stop.signal,
      onRetry: () => undefined,
    },
  };
}

function failing(times: number, error: Error): { store: Store; tries(): number } {
  let tries = 0;
  const get = async () => {
    tries += 1;
    if (tries <= times) throw error;
    return { id: 'x' };
  };
  return { store: { get } as unknown as Store, tries: () => tries };
}

test('a request is repeated with growing waits until it succeeds', async () => {
  const { waits, policy: slow } = policy();
  const { store, tries } = failing(4, new StoreError('transient', 'HTTP 503'));

  await withRetry(store, slow).get('x');

  assert.equal(tries(), 5);
  assert.deepEqual(waits, [750, 1500, 3000, 6000]);
});

test('waits are jittered between half and the whole step', async () => {
  const [low, high] = [policy(0), policy(0.9999)];
  for (const { policy: each } of [low, high])
    await withRetry(failing(1, new StoreError('transient', 'x')).store, each).get('x');

  assert.deepEqual([low.waits, high.waits], [[500], [1000]]);
});

test('Retry-After is honoured when it is longer', async () => {
  const { waits, policy: slow } = policy();

  await withRetry(failing(1, new StoreError('transient', 'x', 7000)).store, slow).get('x');

  assert.deepEqual(waits, [7000]);
});

test('tries end after the given time without success', async () => {
  const { waits, policy: slow } = policy();
  const { store } = failing(Number.POSITIVE_INFINITY, new StoreError('transient', 'HTTP 503'));

  await assert.rejects(withRetry(store, slow).get('x'), /503/);

  const total = waits.reduce((sum, wait) => sum + wait, 0);
  assert.ok(total > 80_000 && total <= 100_000, String(total));
});

test('a Retry-After beyond that time is not waited for', async () => {
  const { waits, policy: slow } = policy();

  await assert.rejects(withRetry(failing(9, new StoreError('transient', 'x', 200_000)).store, slow).get('x'));

  assert.deepEqual(waits, []);
});

for (const kind of ['full', 'revoked', 'refused', 'not-found', 'exists'] as const) {
  test(`${kind} is not tried again`, async () => {
    const { store, tries } = failing(9, new StoreError(kind, 'x'));

    await assert.rejects(withRetry(store, policy().policy).get('x'), { kind });

    assert.equal(tries(), 1);
  });
}

test('progress makes the next failure a first one', async () => {
  const { waits, policy: slow } = policy();
  const backoff = createBackoff(slow);
  const error = new StoreError('transient', 'x');

  await backoff.wait('x', error);
  await backoff.wait('x', error);
  backoff.progress();
  await backoff.wait('x', error);

  assert.deepEqual(waits, [750, 1500, 750]);
});

test('a stopped run does not wait', async () => {
  const { policy: slow, stop } = policy();
  stop.abort();

  await assert.rejects(withRetry(failing(9, new StoreError('transient', 'x')).store, slow).get('x'), {
    code: 'interrupted',
  });
});

test('a chunk that was under way for longer than all patience may fail once', async () => {
  const { waits, passed, policy: slow } = policy();
  const backoff = createBackoff(slow);

  passed(500_000);
  await backoff.wait('x', new StoreError('transient', 'x'));

  assert.deepEqual(waits, [750]);
});

const throttled = new StoreError('transient', 'HTTP 403 userRateLimitExceeded', undefined, 'rate');

test('an upload that hears nothing but "rate limit" sleeps long, and outlasts a day’s allowance', async () => {
  const { waits, sleeps, policy: slow } = policy();
  const { store, tries } = failing(25, throttled);
  Object.assign(store, { startUpload: store.get });

  await withRetry(store, slow).startUpload({} as never);

  assert.equal(tries(), 26);
  assert.ok(sleeps.length === 16 && sleeps.every((ms) => ms === 3_600_000), String(sleeps));
  assert.ok(waits.slice(0, -sleeps.length).reduce((sum, ms) => sum + ms, 0) >= 60_000);
});

test('"daily limit" sleeps long at once', async () => {
  const { waits, policy: slow } = policy();
  const backoff = createBackoff(slow, true);

  await backoff.wait('x', new StoreError('transient', 'x', undefined, 'day'));

  assert.deepEqual(waits, [3_600_000]);
});

test('a rate limit that outlasts a day ends', async () => {
  const { waits, policy: slow } = policy();
  const { store } = failing(Number.POSITIVE_INFINITY, throttled);
  Object.assign(store, { startUpload: store.get });

  await assert.rejects(withRetry(store, slow).startUpload({} as never), throttled);

  const hours = waits.reduce((sum, ms) => sum + ms, 0) / 3_600_000;
  assert.ok(hours > 24 && hours < 25.1, `${hours} h`);
});

test('another error in between means that it is not the allowance; other requests never sleep long', async () => {
  const mixed = policy();
  const backoff = createBackoff(mixed.policy, true);
  for (const error of [throttled, new StoreError('transient', 'HTTP 503'), throttled, throttled]) {
    await backoff.wait('x', error);
    mixed.passed(25_000);
  }
  const listing = policy();

  await assert.rejects(withRetry(failing(99, throttled).store, listing.policy).get('x'), throttled);

  assert.deepEqual([mixed.sleeps, listing.sleeps], [[], []]);
});

test('an error after a long sleep is a first one', async () => {
  const { waits, policy: slow } = policy();
  const backoff = createBackoff(slow, true);
  const down = new StoreError('transient', 'HTTP 503');

  await backoff.wait('x', down);
  await backoff.wait('x', new StoreError('transient', 'x', undefined, 'day'));
  await backoff.wait('x', down);

  assert.equal(waits.length, 3);
});
