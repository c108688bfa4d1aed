// One request of the self-test, answered whole: nothing is accepted or refused here, and no secret is in what is handed on.

import type { Readable } from 'node:stream';
import type { Connection } from '../drive/connection.ts';
import { StoreError, translateAnswer } from '../drive/errors.ts';
import { createBackoff, type RetryPolicy } from '../drive/retry.ts';

export interface Seen {
  status: number;
  headers: Headers;
  data: unknown;
}

export interface Sent {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  data?: object | Buffer | Readable;
}

export interface Exchange {
  send(sent: Sent): Promise<Seen>;
  /** Retry-After as it came, with its status. */
  retryAfter: string[];
}

const passing = new Set([401, 408, 429, 500, 502, 503, 504]);

export function createExchange(connection: Connection, policy: RetryPolicy): Exchange {
  const retryAfter: string[] = [];

  async function once(sent: Sent): Promise<Seen> {
    const seen = await connection.ask(
      () => true,
      async (options) => {
        const { status, headers, data } = await connection.auth.request<unknown>({ ...options, ...sent });
        return { status, headers, data };
      },
    );
    const after = seen.headers.get('retry-after');
    if (after !== null) retryAfter.push(`HTTP ${seen.status}: ${after.slice(0, 40)}`);
    const error = translateAnswer(seen.status, seen.data, after, policy.clock.now());
    if (passing.has(seen.status) || (seen.status === 403 && error.kind !== 'refused')) throw error;
    return seen;
  }

  return {
    retryAfter,
    send: async (sent) => {
      const backoff = createBackoff(policy);
      for (;;) {
        try {
          return await once(sent);
        } catch (error) {
          // A body that is a stream is gone after one try.
          if (sent.data !== undefined && 'pipe' in sent.data) throw error;
          await backoff.wait('self-test', error);
        }
      }
    },
  };
}

const shown = new Set([
  'range',
  'x-range-md5',
  'content-type',
  'content-length',
  'retry-after',
  'server',
  'x-http-status-code-override',
]);

/** Given headers, return the names of all and the values of those that can hold no secret: a session's URI is one. */
export function redacted(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    [...headers].map(([name, value]) => [name, shown.has(name) ? value.slice(0, 100) : '(not shown)']),
  );
}

/** Is it an error that only time cures, so that the question stays open? */
export function isOpen(error: unknown): error is StoreError {
  return error instanceof StoreError && !['revoked', 'full', 'set-up'].includes(error.kind);
}
