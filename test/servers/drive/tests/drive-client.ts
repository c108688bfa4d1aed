/** A client that does exactly what a test says: no retries, no redirects, no cleverness. */
import { randomBytes } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';
import { CLIENT, type StartedEmulator } from './started-emulator.ts';

export const KIB256 = 256 * 1024;

export interface Reply {
  status: number;
  reason: string;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever JSON came
  json: any;
}

export interface CallOptions {
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** End the connection after these many bytes of the body … */
  breakAfter?: number;
  /** … and once this has come true. */
  breakWhen?: () => boolean | Promise<boolean>;
}

/** Given a request, return the reply; rejects when the connection breaks. */
export function call(
  method: string,
  url: string,
  { headers = {}, body = '', breakAfter, breakWhen = () => true }: CallOptions = {},
): Promise<Reply> {
  const bytes = Buffer.from(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method,
      headers: { 'Content-Length': bytes.length, ...headers },
      agent: false,
    });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece) => pieces.push(piece));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const whole = Buffer.concat(pieces);
        const isJson = incoming.headers['content-type']?.startsWith('application/json') && whole.length > 0;
        resolve({
          status: incoming.statusCode!,
          reason: incoming.statusMessage!,
          headers: incoming.headers,
          bytes: whole,
          text: whole.toString('utf8'),
          json: isJson ? JSON.parse(whole.toString('utf8')) : undefined,
        });
      });
    });
    if (breakAfter === undefined) {
      outgoing.end(bytes);
    } else {
      outgoing.write(
        bytes.subarray(0, breakAfter),
        () => void waitFor(breakWhen).finally(() => outgoing.destroy()),
      );
    }
  });
}

export interface DriveClient {
  accessToken: string;
  login(): Promise<void>;
  /** An API call with a good token; `path` begins after /drive/v3/. */
  api(method: string, path: string, body?: unknown): Promise<Reply>;
  /** Open a session and return its URI; throws unless it was opened. */
  session(metadata?: unknown, query?: string, headers?: Record<string, string>): Promise<string>;
  start(metadata?: unknown, query?: string, headers?: Record<string, string>): Promise<Reply>;
  /** Send one chunk. */
  chunk(uri: string, range: string, body?: Uint8Array, options?: CallOptions): Promise<Reply>;
  status(uri: string): Promise<Reply>;
  /** A finished small file; returns its id. */
  file(content: string | Uint8Array, metadata?: Record<string, unknown>): Promise<string>;
  newId(): Promise<string>;
}

export async function loggedIn(emulator: StartedEmulator): Promise<DriveClient> {
  const bearer = () => ({ Authorization: `Bearer ${client.accessToken}` });
  const client: DriveClient = {
    accessToken: '',
    async login() {
      const reply = await token(emulator, {
        grant_type: 'refresh_token',
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        refresh_token: CLIENT.refreshToken,
      });
      if (reply.status !== 200) {
        throw new Error(`no login: ${reply.status}`);
      }
      client.accessToken = reply.json.access_token;
    },
    api: (method, path, body) =>
      call(method, `${emulator.url}/drive/v3/${path}`, {
        headers: { ...bearer(), ...(body !== undefined && { 'Content-Type': 'application/json' }) },
        body: body === undefined ? '' : JSON.stringify(body),
      }),
    start: (metadata = {}, query = '', headers = {}) =>
      call('POST', `${emulator.url}/upload/drive/v3/files?uploadType=resumable&${query}`, {
        headers: { ...bearer(), 'Content-Type': 'application/json; charset=UTF-8', ...headers },
        body: JSON.stringify(metadata),
      }),
    async session(metadata, query, headers) {
      const reply = await client.start(metadata, query, headers);
      if (reply.status !== 200 || !reply.headers.location) {
        throw new Error(`no session: ${reply.status} ${reply.text}`);
      }
      return reply.headers.location;
    },
    chunk: (uri, range, body = new Uint8Array(), options = {}) =>
      call('PUT', uri, {
        ...options,
        body,
        headers: { ...bearer(), 'Content-Range': range, ...options.headers },
      }),
    status: (uri) => client.chunk(uri, 'bytes */*'),
    async file(content, metadata = {}) {
      const uri = await client.session(metadata, 'fields=id');
      const bytes = Buffer.from(content);
      const range = bytes.length === 0 ? 'bytes */0' : `bytes 0-${bytes.length - 1}/${bytes.length}`;
      return (await client.chunk(uri, range, bytes)).json.id;
    },
    newId: async () => (await client.api('GET', 'files/generateIds?count=1')).json.ids[0],
  };
  await client.login();
  return client;
}

export function token(emulator: StartedEmulator, form: Record<string, string>): Promise<Reply> {
  return call('POST', `${emulator.url}/token`, {
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  });
}

/** Wait for a condition, five seconds at most. */
export async function waitFor(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error('waited five seconds in vain');
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function noise(bytes: number): Buffer {
  return randomBytes(bytes);
}
