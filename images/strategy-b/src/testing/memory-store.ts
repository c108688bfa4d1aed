// A store in memory that does everything right, for tests to spoil, and uploads to it by an injected clock.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { StoreError } from '../drive/errors.ts';
import type { RetryPolicy } from '../drive/retry.ts';
import type { SessionUri, Store, StoredFile, UploadState } from '../drive/store.ts';
import { type UploadJob, upload } from '../drive/upload.ts';

const folder = mkdtempSync(join(tmpdir(), 'haven-upload-'));
after(() => rmSync(folder, { recursive: true }));
const chunkBytes = 100;
export const content = Buffer.from(Array.from({ length: 250 }, (_, index) => index));
export const job: UploadJob = {
  ...{ subject: 'part 0 of home', path: join(folder, 'part'), name: 'h1', folder: 'f', properties: {} },
  ...{ bytes: content.length, md5: hash('md5', content), sha256: hash('sha256', content) },
};
writeFileSync(job.path, content);

export function hash(algorithm: string, bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

export function memoryStore() {
  const files = new Map<string, StoredFile>();
  const sessions = new Map<string, { id: string; bytes: Buffer }>();
  const seen = { ids: 0, chunks: [] as string[], removed: [] as string[], queries: 0 };

  function file(id: string, bytes: Buffer): StoredFile {
    return {
      ...{ id, name: 'h1', bytes: bytes.length, md5: hash('md5', bytes), sha256: hash('sha256', bytes) },
      ...{ trashed: false, createdAt: undefined, properties: {} },
    };
  }
  function state(session: string): UploadState {
    const { id, bytes } = sessions.get(session)!;
    if (bytes.length < job.bytes)
      return { kind: 'incomplete', upTo: bytes.length || null, md5: hash('md5', bytes), session: undefined };
    files.set(id, files.get(id) ?? file(id, bytes));
    return { kind: 'complete', file: files.get(id)! };
  }

  const store = {
    generateIds: async () => [`id-${++seen.ids}`],
    get: async (id: string) => {
      const found = files.get(id);
      if (found === undefined) throw new StoreError('not-found', 'HTTP 404');
      return found;
    },
    remove: async (id: string) => {
      seen.removed.push(id);
      files.delete(id);
    },
    startUpload: async ({ id }: { id: string }) => {
      if (files.has(id)) throw new StoreError('exists', 'HTTP 409');
      const session = `session-${sessions.size + 1}` as SessionUri;
      sessions.set(session, { id, bytes: Buffer.alloc(0) });
      return session;
    },
    sendChunk: async (session: SessionUri, chunk: Buffer, offset: number): Promise<UploadState> => {
      seen.chunks.push(`${offset}+${chunk.length}`);
      const held = sessions.get(session)!;
      held.bytes = Buffer.concat([held.bytes.subarray(0, offset), chunk]);
      return state(session);
    },
    queryUpload: async (session: SessionUri): Promise<UploadState> => {
      seen.queries += 1;
      return state(session);
    },
    readSession: (text: string) => {
      if (!text.startsWith('session-')) throw new StoreError('refused', 'a foreign host');
      return text as SessionUri;
    },
  } as unknown as Store;
  return { store, seen, files, sessions };
}

export interface Told {
  ids: string[];
  sessions: [string, number][];
  resends: string[];
}

export function run(
  store: Store,
  giveUpAfterMs = 1e6,
  resume?: UploadJob['resume'],
  told: Told = { ids: [], sessions: [], resends: [] },
  startAt = 0,
): Promise<StoredFile> {
  let now = startAt;
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      now += ms;
    },
  };
  const retry: RetryPolicy = {
    ...{ clock, random: () => 0.5, giveUpAfterMs, backoffBaseMs: 1000, backoffMaxMs: 60_000 },
    throttle: { afterMs: 600_000, sleepMs: 3_600_000, giveUpAfterMs: 9e7, onSleep: () => undefined },
    ...{ stop: new AbortController().signal, onRetry: () => undefined },
  };
  return upload(
    { ...job, resume },
    {
      ...{ store, retry, chunkBytes, onProgress: () => undefined },
      line: {
        clear: async (bytes) => ({ bytes, waited: false }),
        spend: () => undefined,
      },
      onId: (id) => void told.ids.push(id),
      onSession: (uri, at) => void told.sessions.push([uri, at]),
      onResend: (reason) => void told.resends.push(reason),
    },
  );
}

/** Given a store's method, let its n-th call do something else. */
export function spoil<K extends keyof Store>(store: Store, method: K, nth: number, other: Store[K]): void {
  const right = store[method] as (...args: unknown[]) => unknown;
  let calls = 0;
  Object.assign(store, {
    [method]: (...args: unknown[]) => (++calls === nth ? (other as typeof right)(...args) : right(...args)),
  });
}
