// Trying again: backoff with jitter, Retry-After honoured, bounded by the time since the first failure after anything succeeded.
import { interrupted } from '../contract/errors.ts';
import type { Clock } from '../surroundings.ts';
import { StoreError } from './errors.ts';
import type { Store } from './store.ts';

export interface RetryPolicy {
  clock: Clock;
  random(): number;
  giveUpAfterMs: number;
  backoffBaseMs: number;
  backoffMaxMs: number;
  throttle: Throttle;
  stop: AbortSignal;
  onRetry(operation: string, error: StoreError, waitMs: number): void;
}

/** Google says "rate limit" also when a day's 750 GB are used up. Where uploads hear nothing else for long, they sleep long, and the session keeps. */
export interface Throttle {
  afterMs: number;
  sleepMs: number;
  giveUpAfterMs: number;
  onSleep(operation: string, error: StoreError, waitMs: number): void;
}

export interface Backoff {
  /** Something moved forward: the next failure is a first one. */
  progress(): void;
  /** Given a failure, wait before the next try; rethrows when it cannot be cured by waiting or waiting took too long. */
  wait(operation: string, thrown: unknown): Promise<void>;
}

/** Given a policy, return the patience of one operation. `ofUpload`: what the day's allowance is for. */
export function createBackoff(policy: RetryPolicy, ofUpload = false): Backoff {
  const { clock, stop, throttle } = policy;
  let failures = 0;
  // Not since the last success: a chunk may be under way for longer than all patience, and fail once.
  let failingSince: number | undefined;
  let throttledSince: number | undefined;

  async function sleep(operation: string, ms: number): Promise<void> {
    await clock.sleep(ms, stop).catch(() => {
      throw interrupted(operation);
    });
  }

  /** Long sleeps while nothing but "rate limit" is heard. Returns whether there was one. */
  async function sleepLong(operation: string, error: StoreError): Promise<boolean> {
    if (!ofUpload || error.throttled === undefined) {
      throttledSince = undefined;
      return false;
    }
    throttledSince ??= clock.now();
    const lasted = clock.now() - throttledSince;
    if (error.throttled === 'rate' && lasted < throttle.afterMs) return false;
    if (lasted > throttle.giveUpAfterMs) throw error;
    const ms = Math.max(throttle.sleepMs, error.retryAfterMs ?? 0);
    throttle.onSleep(operation, error, ms);
    await sleep(operation, ms);
    failingSince = undefined;
    return true;
  }

  return {
    progress: () => {
      failures = 0;
      failingSince = undefined;
      throttledSince = undefined;
    },
    wait: async (operation, thrown) => {
      if (stop.aborted) throw interrupted(operation);
      if (!(thrown instanceof StoreError) || !isRetryable(thrown)) throw thrown;
      if (await sleepLong(operation, thrown)) return;
      const waitMs = Math.max(delay(policy, failures), thrown.retryAfterMs ?? 0);
      failures += 1;
      failingSince ??= clock.now();
      if (clock.now() + waitMs - failingSince > policy.giveUpAfterMs) throw thrown;
      policy.onRetry(operation, thrown, waitMs);
      await sleep(operation, waitMs);
    },
  };
}

export function isRetryable(error: StoreError): boolean {
  return error.kind === 'transient' || error.kind === 'unauthorized';
}

/** Exponential, between half of the step and the whole: never zero, never in step with others. */
function delay(policy: RetryPolicy, failures: number): number {
  const step = Math.min(policy.backoffBaseMs * 2 ** failures, policy.backoffMaxMs);
  return Math.round(step * (0.5 + policy.random() / 2));
}

async function retrying<T>(
  policy: RetryPolicy,
  operation: string,
  attempt: () => Promise<T>,
  ofUpload = false,
): Promise<T> {
  const backoff = createBackoff(policy, ofUpload);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      await backoff.wait(operation, error);
    }
  }
}

/** Given a store, return one whose repeatable requests are tried again. Chunks and status queries are not: `drive/upload.ts` knows better. */
export function withRetry(store: Store, policy: RetryPolicy): Store {
  return {
    generateIds: (count) => retrying(policy, 'generate ids', () => store.generateIds(count)),
    list: (properties, withTrashed) =>
      retrying(policy, 'list files', () => store.list(properties, withTrashed)),
    get: (id) => retrying(policy, 'get file', () => store.get(id)),
    createFolder: (id, name, properties) =>
      retrying(policy, 'create folder', () => store.createFolder(id, name, properties)),
    download: (id) => retrying(policy, 'download file', () => store.download(id)),
    remove: (id) => retrying(policy, 'delete file', () => store.remove(id)),
    startUpload: (file) => retrying(policy, 'start upload', () => store.startUpload(file), true),
    sendChunk: store.sendChunk,
    queryUpload: store.queryUpload,
    readSession: store.readSession,
  };
}
