// Trying again: backoff with jitter, Retry-After honoured, bounded by the time since anything last succeeded.
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
  stop: AbortSignal;
  onRetry(operation: string, error: StoreError, waitMs: number): void;
}

export interface Backoff {
  /** Something moved forward: the next failure is a first one. */
  progress(): void;
  /** Given a failure, wait before the next try; rethrows when it cannot be cured by waiting or waiting took too long. */
  wait(operation: string, thrown: unknown): Promise<void>;
}

export function createBackoff(policy: RetryPolicy): Backoff {
  let failures = 0;
  let lastProgress = policy.clock.now();

  return {
    progress: () => {
      failures = 0;
      lastProgress = policy.clock.now();
    },
    wait: async (operation, thrown) => {
      if (policy.stop.aborted) throw interrupted(operation);
      if (!(thrown instanceof StoreError) || !isRetryable(thrown)) throw thrown;
      const waitMs = Math.max(delay(policy, failures), thrown.retryAfterMs ?? 0);
      failures += 1;
      if (policy.clock.now() + waitMs - lastProgress > policy.giveUpAfterMs) throw thrown;
      policy.onRetry(operation, thrown, waitMs);
      await policy.clock.sleep(waitMs, policy.stop).catch(() => {
        throw interrupted(operation);
      });
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

async function retrying<T>(policy: RetryPolicy, operation: string, attempt: () => Promise<T>): Promise<T> {
  const backoff = createBackoff(policy);
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
    startUpload: (file) => retrying(policy, 'start upload', () => store.startUpload(file)),
    sendChunk: store.sendChunk,
    queryUpload: store.queryUpload,
    readSession: store.readSession,
  };
}
