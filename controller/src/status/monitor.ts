// GET /healthz and /metrics, for monitors. Read only, and without a secret or a name in any answer, for there is no password. That it cannot listen never keeps a backup
// from running: it is an error in the log, and whoever watches sees silence.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import packageJson from '../../package.json' with { type: 'json' };
import type { App } from '../app.ts';
import { kitNag, lookAtExport } from '../kit/exported.ts';
import { metricsText } from './metrics.ts';
import { readStatus } from './status.ts';

export interface Monitor {
  /** Null: it does not listen. */
  port: number | null;
  close(): Promise<void>;
}

interface Answer {
  status: number;
  type: string;
  body: string;
}

const silent: Monitor = { port: null, close: async () => {} };

/** Given an app, answer monitors until it is closed. `address`: instead of the configuration's. */
export async function startMonitor(app: App, address = app.config.monitor.address): Promise<Monitor> {
  const { enabled, port } = app.config.monitor;
  if (!enabled) return silent;
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    void respond(app, request, response);
  });
  server.maxConnections = 32;
  try {
    server.listen({ host: address, port });
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    app.log.error(
      { address, port, code, hint: 'see `monitor` in haven.yaml' },
      'monitors cannot be answered',
    );
    return silent;
  }
  server.on('error', (error) => app.log.error({ err: error }, 'monitors are not answered any more'));
  app.log.info({ address, port }, 'monitors may ask for /healthz and /metrics');
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A connection that a monitor keeps open must not keep the daemon from ending.
  server.closeAllConnections();
  await closed;
}

async function respond(app: App, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let answer: Answer;
  try {
    answer = await answerTo(app, request);
  } catch (error) {
    app.log.error({ err: error }, 'a monitor could not be answered');
    answer = plain(500, 'the status cannot be read: the log says why');
  }
  const { status, type, body } = answer;
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answerTo(app: App, { method, url }: IncomingMessage): Promise<Answer> {
  const path = (url ?? '/').split('?', 1)[0];
  if (path !== '/healthz' && path !== '/metrics') return plain(404, 'there are /healthz and /metrics');
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'GET or HEAD');
  const status = readStatus(app);
  if (path === '/healthz') {
    const nag = kitNag(await lookAtExport(app), app.now());
    const text = [`${status.level}: ${status.sentence}`, ...(nag === null ? [] : [nag])].join('\n');
    return plain(status.exit === 0 ? 200 : 503, text);
  }
  const body = await metricsText({ status, counts: app.history.counts(), version: packageJson.version });
  return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body };
}

function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}
