/**
 * One request on an upload session: a chunk, a status query or the end.
 *
 * Guarantees: bytes that were persisted are never overwritten; the Range that is answered is what is on disk; after the end
 * every further request gets the same file. Rules and their evidence: README.md.
 */
import type { Exchange } from '../exchange.ts';
import { fileAnswer } from '../files/handlers.ts';
import type { Answer } from '../http/answer.ts';
import { notFound, plainRefusal, Refusal } from '../http/refusal.ts';
import { bodyOf, drain } from '../http/request-body.ts';
import { grantOf } from '../oauth/authorize.ts';
import type { StoredFile, UploadSession } from '../state/records.ts';
import { spoilAtRest } from './at-rest.ts';
import { GRANULARITY, parseContentRange, type UploadRange } from './content-range.ts';
import { finishUpload } from './finish.ts';
import { incompleteAnswer } from './incomplete.ts';
import { receiveBody } from './receive.ts';
import { dead, killSession, liveSession } from './session-life.ts';

type Chunk = UploadRange & { kind: 'bytes' };

export async function sessionRequest(exchange: Exchange): Promise<Answer> {
  const { emulator, query } = exchange;
  const id = query.get('upload_id')!;
  // The URI is itself a secret that suffices; but a token that is sent must be good.
  if (exchange.request.headers.authorization !== undefined) {
    grantOf(exchange.request, emulator.accounts);
  }
  return emulator.uploads.exclusively(id, exchange.cut, () => answerOn(exchange, id));
}

async function answerOn(exchange: Exchange, id: string): Promise<Answer> {
  const { emulator, faults, request } = exchange;
  const gone = faults.take('session-gone-404');
  const session = liveSession(emulator, id, gone && Number(gone.status));
  if (session.state === 'complete') {
    await drain(request);
    return completedAnswer(exchange, session);
  }
  emulator.store.saveSession({ ...session, usedAt: emulator.clock.now() });
  const header = request.headers['content-range'];
  const range = header === undefined ? wholeBody(exchange, session) : parseContentRange(header);
  if (!range) {
    throw killSession(emulator, session, 400, 'Failed to parse Content-Range header.');
  }
  switch (range.kind) {
    case 'status':
      return incompleteAnswer(exchange, session);
    case 'total':
      return endAt(exchange, session, range.total);
    case 'inverted':
      if (!emulator.settings.acceptInvertedFinalRange) {
        throw killSession(emulator, session, 400, 'Failed to parse Content-Range header.');
      }
      return endAt(exchange, session, range.total);
    case 'bytes':
      return chunk(exchange, session, range);
  }
}

/** No Content-Range: the body is the whole file. */
function wholeBody({ emulator, request }: Exchange, session: UploadSession): UploadRange {
  if (emulator.store.blobSize(session.blob) > 0) {
    throw plainRefusal(
      400,
      'Invalid request.  A request without Content-Range must carry the whole file, but part of it is persisted.',
    );
  }
  const announced = request.headers['content-length'];
  const length = announced === undefined ? session.declaredTotal : Number(announced);
  if (length === undefined) {
    throw plainRefusal(411, 'Content-Length required.');
  }
  return length === 0
    ? { kind: 'total', total: 0 }
    : { kind: 'bytes', first: 0, last: length - 1, total: length };
}

async function endAt(exchange: Exchange, session: UploadSession, total: number): Promise<Answer> {
  const persisted = exchange.emulator.store.blobSize(session.blob);
  checkTotal(session, total);
  if (total < persisted) {
    throw plainRefusal(
      400,
      `Invalid request.  ${persisted} bytes are persisted, which is more than the total of ${total}.`,
    );
  }
  return total === persisted
    ? complete(exchange, session)
    : incompleteAnswer(exchange, withTotal(exchange, session, total));
}

async function chunk(exchange: Exchange, session: UploadSession, range: Chunk): Promise<Answer> {
  const { emulator, request } = exchange;
  const persisted = emulator.store.blobSize(session.blob);
  const length = range.last - range.first + 1;
  const final = range.total !== undefined && range.last + 1 === range.total;
  checkLength(request.headers['content-length'], range, length);
  if (!final && length % GRANULARITY !== 0) {
    throw killSession(emulator, session, 400, granularityMessage(length));
  }
  if (range.first > persisted) {
    throw plainRefusal(
      400,
      `Invalid request.  The first byte is ${range.first}, but only ${persisted} bytes are persisted.`,
    );
  }
  if (range.total !== undefined) {
    checkTotal(session, range.total);
  }
  const known = range.total === undefined ? session : withTotal(exchange, session, range.total);

  const skip = persisted - range.first;
  const { outcome, bytes } = await receiveBody(exchange, {
    blob: session.blob,
    source: bodyOf(request),
    skip,
    expected: length,
  });
  if (outcome === 'too-long' || (outcome === 'short' && bytes < length)) {
    throw plainRefusal(400, lengthMessage(bytes, length, range));
  }
  const answer =
    final && outcome === 'complete' && emulator.store.blobSize(session.blob) === range.total
      ? await complete(exchange, known)
      : await incompleteAnswer(exchange, known);
  await spoilAtRest(exchange, known);
  return answer;
}

async function complete(exchange: Exchange, session: UploadSession): Promise<Answer> {
  const { emulator } = exchange;
  const { blob, metadata, contentType, updates } = session;
  const query = new URLSearchParams(session.query);
  let file: StoredFile;
  try {
    file = await finishUpload(emulator, session, {
      blob,
      metadata,
      query,
      ...(contentType !== undefined && { contentType }),
      ...(updates !== undefined && { updates }),
    });
  } catch (error) {
    if (error instanceof Refusal && error.answer.status === 409) {
      emulator.store.removeBlob(blob);
      emulator.store.saveSession(dead(session, 404, 'Not Found'));
    }
    throw error;
  }
  const done: UploadSession = { ...session, state: 'complete', fileId: file.id };
  emulator.store.saveSession(done);
  return completedAnswer(exchange, done);
}

function completedAnswer(exchange: Exchange, session: UploadSession): Answer {
  const file = exchange.emulator.store.files.get(session.fileId!);
  if (!file) {
    throw notFound(session.fileId!);
  }
  return fileAnswer(file, { ...exchange, query: new URLSearchParams(session.query), grant: session });
}

function checkTotal(session: UploadSession, total: number): void {
  if (session.declaredTotal !== undefined && session.declaredTotal !== total) {
    throw plainRefusal(
      400,
      `Invalid request.  The total of ${total} bytes differs from the ${session.declaredTotal} declared before.`,
    );
  }
}

function withTotal({ emulator }: Exchange, session: UploadSession, declaredTotal: number): UploadSession {
  if (session.declaredTotal === declaredTotal) {
    return session;
  }
  const known = { ...session, declaredTotal, usedAt: emulator.clock.now() };
  emulator.store.saveSession(known);
  return known;
}

function checkLength(header: string | undefined, range: Chunk, length: number): void {
  if (header !== undefined && Number(header) !== length) {
    throw plainRefusal(400, lengthMessage(Number(header), length, range));
  }
}

function lengthMessage(bytes: number, length: number, { first, last }: Chunk): string {
  return `Invalid request.  There were ${bytes} byte(s) in the request body.  There should have been ${length} byte(s) (starting at offset ${first} and ending at offset ${last}) according to the Content-Range header.`;
}

function granularityMessage(length: number): string {
  return `Invalid request.  The number of bytes uploaded is required to be equal or greater than ${GRANULARITY}, except for the final request (it's recommended to be the exact multiple of ${GRANULARITY}).  The received request contained ${length} bytes, which does not meet this requirement.`;
}
