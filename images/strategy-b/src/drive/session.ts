// Resumable sessions by hand: one request each, no memory (developers.google.com/workspace/drive/api/guides/manage-uploads).
// A status query is always `bytes */*`: with a number it may finish the file.
import { Readable } from 'node:stream';
import type { Pace } from '../limit/pace.ts';
import type { Answer, Connection, RequestOptions } from './connection.ts';
import { StoreError } from './errors.ts';
import type { NewFile, SessionUri, UploadState } from './store.ts';
import { fileFields, parseStoredFile } from './stored-file.ts';

const octets = 'application/octet-stream';

export async function startUpload(connection: Connection, file: NewFile): Promise<SessionUri> {
  const answer = await connection.ask(
    (status) => status === 200,
    (options) =>
      send(connection, {
        ...options,
        url: new URL(`upload/drive/v3/files?uploadType=resumable&fields=${fileFields}`, connection.rootUrl)
          .href,
        method: 'POST',
        headers: { 'X-Upload-Content-Type': octets, 'X-Upload-Content-Length': String(file.bytes) },
        data: {
          id: file.id,
          name: file.name,
          parents: [file.folder],
          mimeType: octets,
          appProperties: file.properties,
        },
      }),
  );
  const location = answer.headers.get('location');
  if (location === null) throw new StoreError('transient', 'a session without a location');
  return sessionUri(location, connection.rootUrl);
}

export async function sendChunk(
  connection: Connection,
  session: SessionUri,
  chunk: Buffer,
  offset: number,
  total: number,
): Promise<UploadState> {
  if (chunk.length === 0) return endUpload(connection, session, total);
  const answer = await connection.ask(isUploadState, (options, moved) =>
    send(connection, {
      ...options,
      url: session,
      method: 'PUT',
      headers: {
        'Content-Type': octets,
        'Content-Length': String(chunk.length),
        'Content-Range': `bytes ${offset}-${offset + chunk.length - 1}/${total}`,
      },
      data: Readable.from(slices(chunk, moved, connection.pace, options.signal), { objectMode: false }),
    }),
  );
  return uploadState(answer, connection.rootUrl);
}

/** All bytes are there and the file is not: with the total known, it ends without another byte. */
async function endUpload(connection: Connection, session: SessionUri, total: number): Promise<UploadState> {
  return ask(connection, session, `bytes */${total}`);
}

export async function queryUpload(connection: Connection, session: SessionUri): Promise<UploadState> {
  return ask(connection, session, 'bytes */*');
}

async function ask(connection: Connection, session: SessionUri, range: string): Promise<UploadState> {
  const answer = await connection.ask(isUploadState, (options) =>
    send(connection, {
      ...options,
      url: session,
      method: 'PUT',
      headers: { 'Content-Length': '0', 'Content-Range': range },
    }),
  );
  return uploadState(answer, connection.rootUrl);
}

/** In slices, so that a slow link is seen to move and is not taken for a dead one, and as fast as the owner's limit lets them go. */
async function* slices(
  chunk: Buffer,
  moved: () => void,
  pace: Pace,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for (let start = 0; start < chunk.length; ) {
    const slice = chunk.subarray(start, start + pace.sliceBytes());
    await pace.take(slice.length, signal);
    moved();
    yield slice;
    start += slice.length;
  }
}

function isUploadState(status: number): boolean {
  return status === 200 || status === 201 || status === 308;
}

function uploadState(answer: Answer, rootUrl: string): UploadState {
  if (answer.status !== 308) return { kind: 'complete', file: parseStoredFile(answer.data) };
  const location = answer.headers.get('location');
  return {
    kind: 'incomplete',
    upTo: parseRange(answer.headers.get('range')),
    md5: answer.headers.get('x-range-md5')?.toLowerCase(),
    session: location === null ? undefined : sessionUri(location, rootUrl),
  };
}

/** Given `bytes=0-99`, return 100; without a header null: Drive also leaves it out when it knows of more. */
export function parseRange(range: string | null): number | null {
  if (range === null) return null;
  const last = /^(?:bytes=)?0-(\d+)$/.exec(range.trim())?.[1];
  if (last === undefined) throw new StoreError('transient', 'a Range header that cannot be read');
  return Number(last) + 1;
}

/** The access token goes wherever a session is, so a session is only believed at Google's or at the configured host. */
export function sessionUri(location: string, rootUrl: string): SessionUri {
  if (!URL.canParse(location, rootUrl))
    throw new StoreError('refused', 'an upload session without an address');
  const url = new URL(location, rootUrl);
  const google = url.protocol === 'https:' && url.hostname.endsWith('.googleapis.com');
  if (!google && url.origin !== new URL(rootUrl).origin)
    throw new StoreError('refused', 'an upload session at a host that is not Google’s');
  return url.href as SessionUri;
}

interface SendOptions extends RequestOptions {
  url: string;
  method: 'POST' | 'PUT';
  headers: Record<string, string>;
  data?: Readable | object;
}

async function send(connection: Connection, options: SendOptions): Promise<Answer> {
  const { status, headers, data } = await connection.auth.request<unknown>(options);
  return { status, headers, data };
}
