// One authorized connection to Google: tokens, TLS, and deadlines without progress. Neither tokens nor session URIs leave this folder.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { drive_v3 } from '@googleapis/drive';
import type { OAuth2Client } from 'google-auth-library';
import type { Pace } from '../limit/pace.ts';
import type { Clock } from '../surroundings.ts';
import { StoreError, translateAnswer, translateThrown } from './errors.ts';
import { adviceFor } from './revoked.ts';

export interface Credentials {
  client_id: string;
  client_secret: string;
  refresh_token: string;
  /** When the owner signed in, where that is recorded. */
  signed_in_at?: string | undefined;
}

export interface ConnectionOptions {
  api: { rootUrl: string; tokenUrl: string; caPem?: string | undefined };
  credentials: Credentials;
  clock: Clock;
  requestIdleMs: number;
  /** Of chunks on their way out. */
  pace: Pace;
  stop: AbortSignal;
}

export interface Answer {
  status: number;
  headers: Headers;
  data: unknown;
}

/** What every request of ours carries: statuses are judged by us, nothing is repeated or followed behind our back. */
export interface RequestOptions {
  validateStatus: () => boolean;
  retry: false;
  redirect: 'manual';
  signal: AbortSignal;
  /** None in all: a chunk on a slow line takes as long as it takes, while bytes move. */
  timeout: 0;
}

export interface Connection {
  rootUrl: string;
  drive: drive_v3.Drive;
  auth: OAuth2Client;
  pace: Pace;
  /** How many requests were made so far. */
  calls(): number;
  /** Runs a request; `moved` tells that a byte went, so that it is not given up. Throws StoreError when there is no answer, or none of `accept`. */
  ask(
    accept: (status: number) => boolean,
    request: (options: RequestOptions, moved: () => void) => Promise<Answer>,
  ): Promise<Answer>;
}

/** Google's libraries are loaded here and only here: `version` must start without them. */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const [{ OAuth2Client }, { drive: driveApi }] = await Promise.all([
    import('google-auth-library'),
    import('@googleapis/drive'),
  ]);
  const { api, credentials } = options;
  const agent = createAgent(api.caPem);
  const auth = new OAuth2Client({
    clientId: credentials.client_id,
    clientSecret: credentials.client_secret,
    endpoints: { oauth2TokenUrl: api.tokenUrl },
    // For refreshing a token, which is one small exchange; every other request brings its own `timeout: 0`.
    transporterOptions: { agent, timeout: options.requestIdleMs },
  });
  const forgetToken = () => auth.setCredentials({ refresh_token: credentials.refresh_token });
  forgetToken();
  const drive = driveApi({ version: 'v3', auth, rootUrl: api.rootUrl });
  let calls = 0;

  return {
    rootUrl: api.rootUrl,
    drive,
    auth,
    pace: options.pace,
    calls: () => calls,
    ask: async (accept, request) => {
      calls += 1;
      const idle = createIdleSignal(options.requestIdleMs);
      const signal = AbortSignal.any([options.stop, idle.signal]);
      try {
        const how = {
          validateStatus: () => true,
          retry: false,
          redirect: 'manual',
          signal,
          timeout: 0,
        } as const;
        const answer = await orAborted(signal, request(how, idle.moved));
        if (accept(answer.status)) return answer;
        if (answer.status === 401) forgetToken();
        throw translateAnswer(
          answer.status,
          answer.data,
          answer.headers.get('retry-after'),
          options.clock.now(),
        );
      } catch (error) {
        if (idle.signal.aborted) throw new StoreError('transient', 'no byte moved for too long');
        const translated = translateThrown(error, options.clock.now());
        if (translated.kind === 'revoked')
          translated.advice = adviceFor(translated.message, credentials.signed_in_at, options.clock.now());
        throw translated;
      } finally {
        idle.end();
      }
    },
  };
}

/** Connections are kept open between requests, and trust the system's authorities and, if there is one, the private one. */
function createAgent(caPem: string | undefined): (url: URL) => HttpAgent {
  const plain = new HttpAgent({ keepAlive: true });
  const secure = new HttpsAgent({
    keepAlive: true,
    ...(caPem === undefined ? {} : { ca: [...rootCertificates, caPem] }),
  });
  return (url) => (url.protocol === 'http:' ? plain : secure);
}

/** A token is refreshed inside a request, by a library that hands no signal on: whoever stops must not wait for that. */
function orAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function createIdleSignal(ms: number): { signal: AbortSignal; moved(): void; end(): void } {
  const controller = new AbortController();
  const late = () => controller.abort(new Error('idle'));
  let timer = setTimeout(late, ms);
  return {
    signal: controller.signal,
    moved: () => {
      clearTimeout(timer);
      timer = setTimeout(late, ms);
    },
    end: () => clearTimeout(timer),
  };
}
