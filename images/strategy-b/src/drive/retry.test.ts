import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from './errors.ts';
import { createBackoff, type RetryPolicy, withRetry } from './retry.ts';
import type { Store } from './store.ts';

interface Slept {
  waits: number[];
  policy: RetryPolicy;
  stop: AbortController;
}

function policy(random = 0.5): Slept {
  let now = 0;
  const waits: number[] = [];
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
    stop,
    policy: {
      clock,
      random: () => random,
      giveUpAfterMs: 100_000,
      backoffBaseMs: 1000,
      backoffMaxMs: 16_000,
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
