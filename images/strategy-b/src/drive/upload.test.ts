// What a store may answer, also oddly, against the one promise: an upload ends only with checksums that agree.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { content, hash, job, memoryStore, run, spoil } from '../testing/memory-store.ts';
import { StoreError } from './errors.ts';
import type { SessionUri, StoredFile, UploadState } from './store.ts';

test('a part goes in chunks, the last one shorter', async () => {
  const { store, seen } = memoryStore();

  const file = await run(store);

  assert.equal(file.md5, job.md5);
  assert.deepEqual(seen.chunks, ['0+100', '100+100', '200+50']);
});

test('bytes that were not persisted are sent again from where the store says', async () => {
  const { store, seen, sessions } = memoryStore();
  spoil(store, 'sendChunk', 2, async (session) => {
    const held = sessions.get(session)!;
    held.bytes = content.subarray(0, 130);
    return { kind: 'incomplete', upTo: 130, md5: hash('md5', held.bytes), session: undefined };
  });

  await run(store);

  assert.deepEqual(seen.chunks, ['0+100', '130+100', '230+20']);
});

test('an answer without a Range is no zero: the store is asked', async () => {
  const { store, seen, sessions } = memoryStore();
  spoil(store, 'sendChunk', 2, async (session, chunk) => {
    const held = sessions.get(session)!;
    held.bytes = Buffer.concat([held.bytes, chunk]);
    return { kind: 'incomplete', upTo: null, md5: undefined, session: undefined };
  });

  await run(store);

  assert.equal(seen.queries, 1);
  assert.deepEqual(seen.chunks, ['0+100', '200+50']);
});

test('a store that goes back is followed back, with the right running md5', async () => {
  const { store, seen, sessions } = memoryStore();
  spoil(store, 'sendChunk', 2, async (session) => {
    const held = sessions.get(session)!;
    held.bytes = content.subarray(0, 40);
    return { kind: 'incomplete', upTo: 40, md5: hash('md5', held.bytes), session: undefined };
  });

  await run(store);

  assert.deepEqual(seen.chunks, ['0+100', '40+100', '140+100', '240+10']);
});

test('a store that never takes a byte is given up in bounded time', async () => {
  const { store } = memoryStore();
  const nothing: UploadState = { kind: 'incomplete', upTo: 0, md5: undefined, session: undefined };
  Object.assign(store, { sendChunk: async () => nothing });

  await assert.rejects(run(store, 60_000), /took no byte/);
});

test('a session that moved is followed', async () => {
  const { store, sessions } = memoryStore();
  spoil(store, 'sendChunk', 1, async (session, chunk) => {
    const moved = 'moved' as SessionUri;
    sessions.set(moved, { id: sessions.get(session)!.id, bytes: Buffer.from(chunk) });
    sessions.delete(session);
    return { kind: 'incomplete', upTo: 100, md5: hash('md5', chunk), session: moved };
  });

  assert.equal((await run(store)).md5, job.md5);
});

for (const [name, wrong] of [
  ['size', { bytes: 249 }],
  ['md5', { md5: '0'.repeat(32) }],
  ['sha256', { sha256: '0'.repeat(64) }],
  ['trash', { trashed: true }],
] as const) {
  test(`a completed file with a wrong ${name} is deleted and sent again with a new id`, async () => {
    const { store, seen, files } = memoryStore();
    spoil(store, 'sendChunk', 3, async () => {
      const right = { id: 'id-1', name: 'h1', bytes: 250, md5: job.md5, sha256: job.sha256, trashed: false };
      const file: StoredFile = { ...right, createdAt: undefined, properties: {}, ...wrong };
      files.set('id-1', file);
      return { kind: 'complete', file };
    });

    const file = await run(store);

    assert.equal(file.id, 'id-2');
    assert.deepEqual(seen.removed, ['id-1']);
    assert.equal(seen.chunks.length, 2 + 3);
  });
}

test('a missing sha256 is accepted, a missing md5 is asked for', async () => {
  const { store } = memoryStore();
  spoil(store, 'sendChunk', 3, async () => {
    const bare = { id: 'id-1', name: 'h1', bytes: 250, trashed: false, createdAt: undefined, properties: {} };
    return { kind: 'complete', file: { ...bare, md5: undefined, sha256: undefined } };
  });
  Object.assign(store, {
    get: async (id: string) => ({
      id,
      name: 'h1',
      bytes: 250,
      md5: job.md5,
      sha256: undefined,
      trashed: false,
    }),
  });

  assert.equal((await run(store)).id, 'id-1');
});

test('a file of which the store gives no md5 at all is never believed', async () => {
  const { store, seen } = memoryStore();
  const bare = { name: 'h1', bytes: 250, md5: undefined, sha256: job.sha256, trashed: false };
  Object.assign(store, {
    get: async (id: string) => ({ id, ...bare }),
    sendChunk: async () => ({ kind: 'complete', file: { id: 'x', ...bare } }),
  });

  await assert.rejects(run(store), { code: 'failed', message: /gives no md5/ });

  assert.equal(seen.removed.length, 4);
});

test('an id that exists already is looked at: right, it is the file; wrong, it goes', async () => {
  const right = memoryStore();
  right.files.set('id-1', {
    id: 'id-1',
    name: 'h1',
    bytes: 250,
    md5: job.md5,
    sha256: undefined,
    trashed: false,
    createdAt: undefined,
    properties: {},
  });
  const wrong = memoryStore();
  wrong.files.set('id-1', {
    id: 'id-1',
    name: 'h1',
    bytes: 9,
    md5: 'x',
    sha256: undefined,
    trashed: false,
    createdAt: undefined,
    properties: {},
  });

  assert.equal((await run(right.store)).id, 'id-1');
  assert.deepEqual(right.seen.chunks, []);
  assert.equal((await run(wrong.store)).id, 'id-2');
  assert.deepEqual(wrong.seen.removed, ['id-1']);
});

test('sessions that are lost again and again end in try-later, not in an endless loop', async () => {
  const { store, sessions } = memoryStore();
  Object.assign(store, {
    sendChunk: async () => {
      throw new StoreError('not-found', 'HTTP 404');
    },
  });

  await assert.rejects(run(store), { kind: 'transient' });

  assert.equal(sessions.size, 8);
});

test('a part of which every byte is persisted and only the end refused is ended without sending it again', async () => {
  const { store, seen, sessions } = memoryStore();
  spoil(store, 'sendChunk', 3, async (session, chunk) => {
    const held = sessions.get(session)!;
    held.bytes = Buffer.concat([held.bytes, chunk]);
    throw new StoreError('transient', 'HTTP 403 userRateLimitExceeded', undefined, 'rate');
  });
  spoil(store, 'queryUpload', 1, async (session) => {
    const { bytes } = sessions.get(session)!;
    return { kind: 'incomplete', upTo: bytes.length, md5: hash('md5', bytes), session: undefined };
  });

  const file = await run(store);

  assert.equal(file.md5, job.md5);
  assert.deepEqual(seen.chunks, ['0+100', '100+100', '250+0']);
});
