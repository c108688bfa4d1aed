// Brings one spooled file to Drive, and believes nothing but checksums.
// It guarantees: when it returns, Drive's own size and md5 (and sha256, where given) of the file equal ours, and no other id that it used has a file. What can
// go wrong on the way, and what is done: session gone → a new one from byte 0 with the same id; the id exists already → the answer was lost after the last
// byte, so look at the file; wrong bytes → delete and send again under a new id. A run that was killed goes on: with its id, and in its session.
import { type FileHandle, open } from 'node:fs/promises';
import { HavenError } from '../contract/errors.ts';
import type { Line } from '../limit/line.ts';
import { disagreement } from './agreement.ts';
import { StoreError } from './errors.ts';
import { createBackoff, type RetryPolicy } from './retry.ts';
import { type OpenSession, RangeAlarm, SessionLost, sendSession } from './send-session.ts';
import type { Store, StoredFile } from './store.ts';

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
  /** What a run before told by `onId` and `onSession` of this very file. */
  resume?: { id: string; session?: string; startedAt?: number } | undefined;
}

export interface UploadWays {
  /** With retries for requests that may be repeated. */
  store: Store;
  retry: RetryPolicy;
  line: Pick<Line, 'clear' | 'spend'>;
  chunkBytes: number;
  /** Called with each new id before its session is started; the id before it, if any, has no file any more. */
  onId(id: string): void;
  /** Called with each session, and when Drive moves one. The URI is a secret: whoever has it can write. `at`: milliseconds since 1970. */
  onSession?(uri: string, at: number): void;
  onProgress(sent: number): void;
  onResend(reason: string): void;
}

const maxSends = 4;
const maxSessions = 8;
/** X-Range-MD5 is undocumented: when it says "wrong" more often than this, it is not believed for this file, and the checksums at the end decide. */
const maxRangeAlarms = 2;

/** Given a job, return Drive's file once its checksums agree; throws after `maxSends` files whose checksums did not. */
export async function upload(job: UploadJob, ways: UploadWays): Promise<StoredFile> {
  const handle = await open(job.path, 'r');
  try {
    let { resume } = job;
    for (let sends = 1; ; sends += 1) {
      const id = resume?.id ?? (await takeId(ways));
      try {
        return await requireRight(job, id, await sendWhole(job, id, handle, ways, resume), ways.store);
      } catch (error) {
        if (!(error instanceof IdSpent)) throw error;
        await ways.store.remove(id);
        if (sends === maxSends) throw neverRight(job, error.message);
        ways.onResend(error.message);
        resume = undefined;
      }
    }
  } finally {
    await handle.close();
  }
}

/** What lies under this id, if anything, is not the file: it goes, and the file is sent under another one. */
class IdSpent extends Error {}

async function requireRight(job: UploadJob, id: string, file: StoredFile, store: Store): Promise<StoredFile> {
  const wrong = await orSpent(disagreement(job, id, file, store));
  if (wrong !== null) throw new IdSpent(wrong);
  return file;
}

async function takeId({ store, onId }: UploadWays): Promise<string> {
  const [id] = await store.generateIds(1);
  if (id === undefined) throw new StoreError('refused', 'no id was given');
  onId(id);
  return id;
}

/** Sessions of one file until one of them completes it. */
async function sendWhole(
  job: UploadJob,
  id: string,
  handle: FileHandle,
  ways: UploadWays,
  resume: UploadJob['resume'],
): Promise<StoredFile> {
  const backoff = createBackoff(ways.retry, true);
  let rangeAlarms = 0;
  let known = openSession(resume, ways);
  for (let sessions = 1; ; sessions += 1) {
    try {
      const session = known ?? (await startSession(job, id, ways));
      known = undefined;
      const checkRange = rangeAlarms < maxRangeAlarms;
      const sent = await sendSession({ job, handle, backoff, ways, checkRange }, session);
      return sent.kind === 'complete' ? sent.file : await orSpent(ways.store.get(id));
    } catch (error) {
      if (error instanceof StoreError && error.kind === 'exists') return await orSpent(ways.store.get(id));
      // An id of a former run may be one that Drive does not know any more, such as that of another account.
      if (error instanceof StoreError && error.kind === 'refused' && resume !== undefined)
        throw new IdSpent(error.message);
      if (!(error instanceof SessionLost)) throw error;
      if (error instanceof RangeAlarm) rangeAlarms += 1;
      if (sessions === maxSessions) throw new StoreError('transient', error.message);
      ways.onResend(error.message);
      await backoff.wait('upload', new StoreError('transient', error.message));
    }
  }
}

async function startSession(job: UploadJob, id: string, ways: UploadWays): Promise<OpenSession> {
  const { name, folder, bytes, properties } = job;
  const startedAt = ways.retry.clock.now();
  const uri = await ways.store.startUpload({ id, name, folder, bytes, properties });
  ways.onSession?.(uri, startedAt);
  return { uri, startedAt, resumed: false };
}

/** The session of a former run. One at a host that is not Google's is none: it would be sent our bytes and our token. */
function openSession(resume: UploadJob['resume'], ways: UploadWays): OpenSession | undefined {
  if (resume?.session === undefined) return undefined;
  try {
    const uri = ways.store.readSession(resume.session);
    return { uri, startedAt: resume.startedAt, resumed: true };
  } catch (error) {
    ways.onResend(error instanceof StoreError ? error.message : 'a session that cannot be read');
    return undefined;
  }
}

/** A file that was there and is not any more was deleted behind our back: its id is spent. */
async function orSpent<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StoreError && error.kind === 'not-found') throw new IdSpent('the file is gone');
    throw error;
  }
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
