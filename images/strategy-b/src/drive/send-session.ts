// One resumable session from where it stands to its last byte. What can go wrong on the way: a lost answer → status query; bytes persisted short → on from
// there; the session gone, too old, or holding other bytes than ours → SessionLost, for persisted bytes cannot be corrected within it.
import type { FileHandle } from 'node:fs/promises';
import { interrupted } from '../contract/errors.ts';
import { StoreError } from './errors.ts';
import type { Backoff } from './retry.ts';
import { hashPrefix, readChunk } from './spooled-bytes.ts';
import type { SessionUri, Store, StoredFile, UploadState } from './store.ts';
import type { UploadJob, UploadWays } from './upload.ts';

/** Google: "A resumable session URI expires after one week", and running uploads were seen to be cut off then. A day is left for the last chunk. */
export const sessionLifeMs = 6 * 24 * 3600_000;

/** The session cannot be used any more: its file is sent again from byte 0 in a new one. */
export class SessionLost extends Error {}

/** X-Range-MD5 is not the md5 of what was sent. */
export class RangeAlarm extends SessionLost {}

export interface OpenSession {
  uri: SessionUri;
  /** Undefined when nobody knows: then only the store can say that it is too old. */
  startedAt: number | undefined;
  /** Nothing was sent in it by this run: the store is asked where it stands. */
  resumed: boolean;
}

export interface Sending {
  job: UploadJob;
  handle: FileHandle;
  backoff: Backoff;
  ways: UploadWays;
  checkRange: boolean;
}

/** `complete`: with the file as the answer to the last byte had it. `completed-before`: it ended at another time, so look at what is there now. */
export type Sent = { kind: 'complete'; file: StoredFile } | { kind: 'completed-before' };

export async function sendSession(sending: Sending, open: OpenSession): Promise<Sent> {
  const { job, handle, backoff, ways, checkRange } = sending;
  const { store } = ways;
  const buffer = Buffer.allocUnsafe(Math.min(ways.chunkBytes, job.bytes));
  let session = open.uri;
  let offset = 0;
  let prefix = await hashPrefix(handle, 0); // of bytes 0…offset, to be compared with X-Range-MD5

  if (open.resumed) {
    requireYoung();
    const state = await queryUntilKnown(store, session, backoff);
    if (state.kind === 'complete') return { kind: 'completed-before' };
    if ((state.upTo ?? 0) > job.bytes) throw new SessionLost('the store has more bytes than the file');
    await adopt(state, Buffer.alloc(0));
    ways.onProgress(offset);
  }

  for (;;) {
    if (ways.retry.stop.aborted) throw interrupted('upload');
    const cleared = await ways.line.clear(Math.min(buffer.length, job.bytes - offset), ways.retry.stop);
    if (cleared.waited) backoff.progress(); // a wait on purpose is no failure
    requireYoung();
    const chunk = await readChunk(handle, buffer.subarray(0, cleared.bytes), offset, job.bytes);
    let state = await attempt(() => store.sendChunk(session, chunk, offset, job.bytes));
    const waited = state === 'unknown';
    const asked = state === 'unknown' || (state.kind === 'incomplete' && state.upTo === null);
    if (state === 'unknown' || asked) state = await queryUntilKnown(store, session, backoff);
    if (state.kind === 'complete') {
      ways.line.spend(job.bytes - offset);
      return asked ? { kind: 'completed-before' } : { kind: 'complete', file: state.file };
    }

    const before = offset;
    if ((state.upTo ?? 0) > offset + chunk.length)
      throw new SessionLost('the store has more bytes than were sent');
    await adopt(state, chunk);
    if (offset > before) {
      ways.line.spend(offset - before);
      backoff.progress();
      ways.onProgress(offset);
    } else if (!waited) {
      await backoff.wait('upload', new StoreError('transient', 'the store took no byte of a chunk'));
    }
  }

  /** Goes to where the store stands, after a look at whether it has the very bytes that we have. */
  async function adopt(state: UploadState & { kind: 'incomplete' }, chunk: Buffer): Promise<void> {
    if (state.session !== undefined && state.session !== session) {
      session = state.session;
      ways.onSession?.(session, open.startedAt ?? ways.retry.clock.now());
    }
    const upTo = state.upTo ?? 0;
    const within = upTo >= offset && upTo <= offset + chunk.length;
    prefix = within ? prefix.update(chunk.subarray(0, upTo - offset)) : await hashPrefix(handle, upTo);
    if (checkRange && state.md5 !== undefined && state.md5 !== prefix.copy().digest('hex'))
      throw new RangeAlarm('the bytes that the store has are not those that were sent');
    offset = upTo;
  }

  function requireYoung(): void {
    const { startedAt } = open;
    if (startedAt !== undefined && ways.retry.clock.now() - startedAt > sessionLifeMs)
      throw new SessionLost('its session is more than six days old');
  }

  /** One chunk. `unknown` when the answer was lost or temporary: then only a status query tells. */
  async function attempt(request: () => Promise<UploadState>): Promise<UploadState | 'unknown'> {
    try {
      return await request();
    } catch (error) {
      if (isSessionError(error)) throw new SessionLost(error.message);
      await backoff.wait('upload', error);
      return 'unknown';
    }
  }
}

async function queryUntilKnown(store: Store, session: SessionUri, backoff: Backoff): Promise<UploadState> {
  for (;;) {
    try {
      return await store.queryUpload(session);
    } catch (error) {
      if (isSessionError(error)) throw new SessionLost(error.message);
      await backoff.wait('query upload', error);
    }
  }
}

/** 404 and 410 end a session, and so does any other 4xx within one that no waiting cures. Not 409: there is a file of this id, which the caller looks at. */
function isSessionError(error: unknown): error is StoreError {
  return error instanceof StoreError && (error.kind === 'not-found' || error.kind === 'refused');
}
