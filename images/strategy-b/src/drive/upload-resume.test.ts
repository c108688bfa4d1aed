// A run that was killed goes on with what it had written down: its id, and its session if that still lives. Never a second file.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { content, hash, job, memoryStore, run, spoil, type Told } from '../testing/memory-store.ts';
import { StoreError } from './errors.ts';
import type { SessionUri, Store } from './store.ts';

const day = 24 * 3600_000;
const right = {
  ...{ id: 'id-0', name: 'h1', bytes: job.bytes, md5: job.md5, sha256: undefined },
  ...{ trashed: false, createdAt: undefined, properties: {} },
};

/** A store in which a run was killed after `sent` bytes of its session, which it had written down. */
function killedAfter(sent: number, startedAt = 0) {
  const world = memoryStore();
  world.sessions.set('session-old', { id: 'id-0', bytes: content.subarray(0, sent) });
  const told: Told = { ids: [], sessions: [], resends: [] };
  const resume = { id: 'id-0', session: 'session-old', startedAt };
  return { ...world, told, resume };
}

test('a session goes on where the store says, with the same id and not one byte twice', async () => {
  const { store, seen, told, resume } = killedAfter(130);

  const file = await run(store, 1e6, resume, told);

  assert.equal(file.id, 'id-0');
  assert.equal(file.md5, job.md5);
  assert.deepEqual([seen.queries, seen.chunks, seen.ids], [1, ['130+100', '230+20'], 0]);
  assert.deepEqual([told.ids, told.sessions], [[], []]);
});

test('a session that has nothing yet says so by no Range: it begins at 0', async () => {
  const { store, seen, resume } = killedAfter(0);

  await run(store, 1e6, resume);

  assert.deepEqual(seen.chunks, ['0+100', '100+100', '200+50']);
});

test('a session that holds other bytes than the spool is left, and the same id sent again', async () => {
  const { store, seen, sessions, told, resume } = killedAfter(130);
  sessions.get('session-old')!.bytes = Buffer.alloc(130, 7);

  const file = await run(store, 1e6, resume, told);

  assert.equal(file.id, 'id-0');
  assert.deepEqual(seen.chunks, ['0+100', '100+100', '200+50']);
  assert.equal(told.sessions.length, 1);
  assert.match(told.resends[0]!, /not those that were sent/);
});

test('a session that holds more than the file has is left', async () => {
  const { store, told, resume } = killedAfter(0);
  spoil(store, 'queryUpload', 1, async () => {
    return { kind: 'incomplete', upTo: 9999, md5: undefined, session: undefined };
  });

  const file = await run(store, 1e6, resume, told);

  assert.equal(file.id, 'id-0');
  assert.match(told.resends[0]!, /more bytes/);
});

for (const kind of ['not-found', 'refused'] as const) {
  test(`a session of which the store says ${kind} is begun anew with the same id`, async () => {
    const { store, seen, told, resume } = killedAfter(130);
    spoil(store, 'queryUpload', 1, async () => Promise.reject(new StoreError(kind, 'HTTP 4xx')));

    const file = await run(store, 1e6, resume, told);

    assert.equal(file.id, 'id-0');
    assert.equal(seen.ids, 0);
    assert.equal(told.sessions.length, 1);
  });
}

test('a session more than six days old is not even asked; one a little younger is', async () => {
  const old = killedAfter(130);
  const young = killedAfter(130);

  await run(old.store, 1e6, old.resume, old.told, 6 * day + 1);
  await run(young.store, 1e6, young.resume, young.told, 6 * day);

  assert.deepEqual([old.seen.queries, old.told.sessions.length], [0, 1]);
  assert.deepEqual([young.seen.queries, young.told.sessions.length], [1, 0]);
});

test('a session that becomes too old while it is sent is left in time', async () => {
  const { store, seen, told, resume } = killedAfter(0);
  spoil(store, 'sendChunk', 2, async () => Promise.reject(new StoreError('transient', 'x', 2 * day)));

  await run(store, 1e12, resume, told, 5 * day);

  assert.match(told.resends[0]!, /six days/);
  assert.deepEqual(seen.chunks, ['0+100', '0+100', '100+100', '200+50']);
  assert.ok(told.sessions[0]![1] > 6 * day);
});

test('a session at a foreign host is not spoken to: a new one of the same id is', async () => {
  const { store, seen, told, resume } = killedAfter(130);

  const file = await run(store, 1e6, { ...resume, session: 'https://evil.example/' }, told);

  assert.equal(file.id, 'id-0');
  assert.deepEqual([seen.queries, told.sessions.length], [0, 1]);
});

test('an id alone is enough: a session is begun for it', async () => {
  const { store, seen } = memoryStore();

  const file = await run(store, 1e6, { id: 'id-0' });

  assert.equal(file.id, 'id-0');
  assert.equal(seen.ids, 0);
});

test('a file that was complete before the kill is looked at and believed, without a byte sent', async () => {
  const bySession = killedAfter(250);
  await bySession.store.queryUpload('session-old' as SessionUri);
  const byId = killedAfter(250);
  await byId.store.queryUpload('session-old' as SessionUri);

  const files = [
    await run(bySession.store, 1e6, bySession.resume),
    await run(byId.store, 1e6, { id: 'id-0' }),
  ];

  for (const file of files) assert.deepEqual([file.id, file.md5], ['id-0', job.md5]);
  assert.deepEqual([...bySession.seen.chunks, ...byId.seen.chunks], []);
});

test('a file that was complete, and was deleted or trashed behind our back, is sent under a new id', async () => {
  for (const harm of ['deleted', 'trashed']) {
    const { store, seen, files, told, resume } = killedAfter(250);
    await store.queryUpload('session-old' as SessionUri);
    const whole = { kind: 'complete', file: files.get('id-0')! } as const;
    Object.assign(store, { queryUpload: async () => whole });
    if (harm === 'deleted') files.delete('id-0');
    else files.set('id-0', { ...whole.file, trashed: true });

    const file = await run(store, 1e6, resume, told);

    assert.deepEqual([file.id, told.ids, seen.removed], ['id-1', ['id-1'], ['id-0']], harm);
    assert.equal(files.size, 1);
  }
});

test('a complete file with other bytes is deleted before another id is taken', async () => {
  const { store, seen, files, told } = killedAfter(250);
  const wrong = {
    id: 'id-0',
    name: 'h1',
    bytes: 250,
    md5: hash('md5', Buffer.alloc(250)),
    sha256: undefined,
  };
  files.set('id-0', { ...wrong, trashed: false, createdAt: undefined, properties: {} });

  const file = await run(store, 1e6, { id: 'id-0' }, told);

  assert.deepEqual([file.id, seen.removed, [...files.keys()]], ['id-1', ['id-0'], ['id-1']]);
});

test('an id that turns out to be used at the last byte is looked at', async () => {
  const { store, seen, files, told, resume } = killedAfter(200);
  spoil(store, 'sendChunk', 1, async () => {
    files.set('id-0', right);
    throw new StoreError('exists', 'HTTP 409');
  });

  const file = await run(store, 1e6, resume, told);

  assert.deepEqual([file.id, seen.ids, told.sessions], ['id-0', 0, []]);
});

test('an id that the store does not take is given up', async () => {
  const { store } = memoryStore();
  spoil(store as Store, 'startUpload', 1, async () => Promise.reject(new StoreError('refused', 'HTTP 400')));

  assert.equal((await run(store, 1e6, { id: 'of-another-account' })).id, 'id-1');
});

test('a first session that is refused is no reason to try other ids', async () => {
  const { store, seen } = memoryStore();
  spoil(store, 'startUpload', 1, async () => Promise.reject(new StoreError('refused', 'HTTP 403')));

  await assert.rejects(run(store), { kind: 'refused' });

  assert.equal(seen.ids, 1);
});

test('each session is told with the time it began, also one that moved', async () => {
  const { store, sessions } = memoryStore();
  const told: Told = { ids: [], sessions: [], resends: [] };
  spoil(store, 'sendChunk', 1, async (session, chunk) => {
    const moved = 'session-moved' as SessionUri;
    sessions.set(moved, { id: sessions.get(session)!.id, bytes: Buffer.from(chunk) });
    return { kind: 'incomplete', upTo: 100, md5: undefined, session: moved };
  });

  await run(store, 1e6, undefined, told, 77);

  assert.deepEqual(told, {
    ids: ['id-1'],
    sessions: [
      ['session-1', 77],
      ['session-moved', 77],
    ],
    resends: [],
  });
});
