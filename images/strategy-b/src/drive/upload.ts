// Brings one spooled file to Drive through a resumable session, and believes nothing but checksums.
// It guarantees: when it returns, Drive's own size and md5 (and sha256, where given) of the file equal ours. What can go wrong on the way, and what is
// done: a lost answer → status query; bytes persisted short → on from there; session gone → a new one from byte 0 with the same id; the id exists
// already → the answer was lost after the last byte, so look at the file; wrong bytes persisted → they cannot be corrected, so delete and send again.
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { HavenError, interrupted } from '../contract/errors.ts';
import { StoreError } from './errors.ts';
import { type Backoff, createBackoff, type RetryPolicy } from './retry.ts';
import type { NewFile, SessionUri, Store, StoredFile, UploadState } from './store.ts';

export interface UploadJob {
  /** Goes into messages: `part 3 of home`. */
  subject: string;
  path: string;
  name: string;
  folder: string;
  properties: Record<string, string>;
  bytes: number;
  md5: string;
  sha256: string;
}

export interface UploadWays {
  /** With retries for requests that may be repeated. */
  store: Store;
  retry: RetryPolicy;
  chunkBytes: number;
  /** Called with each new id before its session is started. */
  onId(id: string): void;
  onProgress(sent: number): void;
  onResend(reason: string): void;
}

export const defaultChunkBytes = 8 * 1024 * 1024;
const maxSends = 4;
const maxSessions = 8;

/** Given a job, return Drive's file once its checksums agree; throws after `maxSends` files whose checksums did not. */
export async function upload(job: UploadJob, ways: UploadWays): Promise<StoredFile> {
  for (let sends = 1; ; sends += 1) {
    const [id] = await ways.store.generateIds(1);
    if (id === undefined) throw new StoreError('refused', 'no id was given');
    ways.onId(id);
    const file = await sendWhole(job, id, ways);
    const wrong = await disagreement(job, file, ways.store);
    if (wrong === null) return file;
    await ways.store.remove(file.id);
    if (sends === maxSends) throw neverRight(job, wrong);
    ways.onResend(wrong);
  }
}

/** Sessions of one file until one of them completes it. */
async function sendWhole(job: UploadJob, id: string, ways: UploadWays): Promise<StoredFile> {
  const newFile: NewFile = {
    id,
    name: job.name,
    folder: job.folder,
    bytes: job.bytes,
    properties: job.properties,
  };
  const backoff = createBackoff(ways.retry);
  const handle = await open(job.path, 'r');
  try {
    for (let sessions = 1; ; sessions += 1) {
      try {
        const session = await ways.store.startUpload(newFile);
        return await sendSession(job, handle, session, backoff, ways);
      } catch (error) {
        if (error instanceof StoreError && error.kind === 'exists') return await ways.store.get(id);
        if (!(error instanceof SessionLost)) throw error;
        if (sessions === maxSessions) throw new StoreError('transient', error.message);
        ways.onResend(error.message);
        await backoff.wait('upload', new StoreError('transient', error.message));
      }
    }
  } finally {
    await handle.close();
  }
}

/** The session cannot be used any more: its file is sent again from byte 0 in a new one. */
class SessionLost extends Error {}

async function sendSession(
  job: UploadJob,
  handle: FileHandle,
  first: SessionUri,
  backoff: Backoff,
  ways: UploadWays,
): Promise<StoredFile> {
  const { store } = ways;
  const buffer = Buffer.allocUnsafe(Math.min(ways.chunkBytes, job.bytes));
  let session = first;
  let offset = 0;
  let prefix = createHash('md5'); // of bytes 0…offset, to be compared with X-Range-MD5

  for (;;) {
    if (ways.retry.stop.aborted) throw interrupted('upload');
    const chunk = await readChunk(handle, buffer, offset, job.bytes);
    let state = await attempt(() => store.sendChunk(session, chunk, offset, job.bytes));
    if (state === 'unknown' || (state.kind === 'incomplete' && state.upTo === null))
      state = await queryUntilKnown(store, session, backoff);
    if (state.kind === 'complete') return state.file;

    session = state.session ?? session;
    const upTo = state.upTo ?? 0;
    if (upTo > offset + chunk.length) throw new SessionLost('the store has more bytes than were sent');
    prefix = upTo < offset ? await hashFile(handle, upTo) : prefix.update(chunk.subarray(0, upTo - offset));
    if (state.md5 !== undefined && state.md5 !== prefix.copy().digest('hex'))
      throw new SessionLost('the bytes that the store has are not those that were sent');
    if (upTo > offset) {
      backoff.progress();
      ways.onProgress(upTo);
    } else {
      await backoff.wait('upload', new StoreError('transient', 'the store took no byte of a chunk'));
    }
    offset = upTo;
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

/** 404 and 410 end a session, and so does any other 4xx within one that no waiting cures. */
function isSessionError(error: unknown): error is StoreError {
  return error instanceof StoreError && (error.kind === 'not-found' || error.kind === 'refused');
}

/** Given Drive's file, return what differs from ours, or null. A missing md5 is asked for once more, and then is a difference. */
async function disagreement(job: UploadJob, answered: StoredFile, store: Store): Promise<string | null> {
  const complete = answered.md5 !== undefined && Number.isFinite(answered.bytes);
  const file = complete ? answered : await store.get(answered.id);
  if (file.trashed) return 'the file is in the trash';
  if (file.bytes !== job.bytes) return `its size is ${file.bytes} instead of ${job.bytes} bytes`;
  if (file.md5 === undefined) return 'the store gives no md5 of it';
  if (file.md5 !== job.md5) return 'its md5 differs';
  if (file.sha256 !== undefined && file.sha256 !== job.sha256) return 'its sha256 differs';
  return null;
}

async function readChunk(handle: FileHandle, buffer: Buffer, offset: number, total: number): Promise<Buffer> {
  const wanted = Math.min(buffer.length, total - offset);
  let filled = 0;
  while (filled < wanted) {
    const { bytesRead } = await handle.read(buffer, filled, wanted - filled, offset + filled);
    if (bytesRead === 0) throw new Error('the spool file became shorter');
    filled += bytesRead;
  }
  return buffer.subarray(0, wanted);
}

async function hashFile(handle: FileHandle, upTo: number): Promise<Hash> {
  const hash = createHash('md5');
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  for (let at = 0; at < upTo; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, upTo - at), at);
    if (bytesRead === 0) throw new Error('the spool file became shorter');
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash;
}

function neverRight(job: UploadJob, wrong: string): HavenError {
  return new HavenError(
    'failed',
    `Google Drive stored it ${maxSends} times and each time wrongly: ${wrong}`,
    {
      operation: 'upload',
      subject: job.subject,
      hint: 'memory, disk or network of this host may be faulty: check them before the next run',
    },
  );
}
