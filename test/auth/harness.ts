// A sign-in of one's own: an emulated Google, a folder for the secret, and a clock that moves Google's along instead of waiting.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endpointsOf } from '../../controller/src/auth/endpoints.ts';
import { openHttp } from '../../controller/src/auth/http.ts';
import { type SignedIn, type SignInRequest, signIn } from '../../controller/src/auth/sign-in.ts';
import type { HavenError } from '../../controller/src/errors.ts';
import { type Drive, google, startDrive } from '../strategy-b/drive.ts';

export interface Shown {
  userCode: string;
  again: boolean;
}

export interface Trial {
  drive: Drive;
  folder: string;
  path: string;
  /** What was shown and what went wrong on the way. */
  codes: Shown[];
  troubles: string[];
  /** Called instead of each wait, after Google's clock was moved; decides what the owner does meanwhile. */
  meanwhile: (waits: number) => unknown;
  stop: AbortController;
  request(change?: Partial<SignInRequest>): SignInRequest;
  signIn(change?: Partial<SignInRequest>): Promise<SignedIn>;
  decide(decision: 'approved' | 'denied'): Promise<void>;
  saved(name?: string): Record<string, string>;
  files(): string[];
  mode(): number;
  dispose(): Promise<void>;
}

export async function createTrial(): Promise<Trial> {
  const folder = mkdtempSync(join(tmpdir(), 'haven-auth-'));
  const drive = await startDrive();
  const path = join(folder, 'b', 'google-oauth.json');
  let waits = 0;
  let offset = 0;
  const trial: Trial = {
    ...{ drive, folder, path, codes: [], troubles: [], stop: new AbortController() },
    meanwhile: () => {},
    request: (change = {}) => {
      const endpoints = endpointsOf({ api: { rootUrl: `${drive.url}/`, tokenUrl: `${drive.url}/token` } });
      return {
        ...{ path, endpoints, signal: trial.stop.signal },
        client: { client_id: google.client_id, client_secret: google.client_secret },
        http: openHttp({ caPem: undefined, signal: trial.stop.signal, timeoutMs: 3000 }),
        waiting: {
          now: () => Date.now() + offset,
          sleep: async (ms, signal) => {
            signal.throwIfAborted();
            offset += ms;
            waits += 1;
            await drive.admin('POST clock', { advanceSeconds: ms / 1000 });
            await trial.meanwhile(waits);
            signal.throwIfAborted();
          },
        },
        way: { kind: 'device', onCode: ({ userCode, again }) => void trial.codes.push({ userCode, again }) },
        onTrouble: (message) => void trial.troubles.push(message),
        ...change,
      };
    },
    signIn: (change) => signIn(trial.request(change)),
    decide: async (decision) =>
      void (await drive.admin('POST device', { userCode: trial.codes.at(-1)!.userCode, decision })),
    saved: (name = 'google-oauth.json') => JSON.parse(readFileSync(join(folder, 'b', name), 'utf8')),
    files: () => readdirSync(join(folder, 'b')).sort(),
    mode: () => statSync(path).mode & 0o777,
    dispose: async () => {
      trial.stop.abort();
      await drive.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return trial;
}

/** For assert.rejects: an error of this code whose message and hint say this. */
export function errorOf(code: string, says: RegExp) {
  return (thrown: unknown): boolean => {
    const { report } = thrown as HavenError;
    const text = `${report.message} ${report.hint}`;
    if (report.code === code && says.test(text)) return true;
    throw new Error(`${report.code}: ${text}`, { cause: thrown });
  };
}

export interface Line {
  url: string;
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/** A line to Google that can be cut and mended, on one and the same port. */
export async function createLine(target: number): Promise<Line> {
  const open = new Set<Socket>();
  const make = () =>
    createServer((from) => {
      const to = connect(target, '127.0.0.1');
      for (const socket of [from, to]) {
        open.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          from.destroy();
          to.destroy();
        });
      }
      from.pipe(to).pipe(from);
    });
  let server = make();
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    cut: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        open.clear();
        server.close(() => resolve());
      }),
    mend: () => {
      server = make();
      return listen(port);
    },
  };
}
