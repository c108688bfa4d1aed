// Waits on 127.0.0.1 for the browser's return. Answers only to its own name (another one is a page that had its DNS turned to us) and
// only to a redirect that carries our `state`.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HavenError } from '../errors.ts';
import { fromQuery, type Returned } from './returned-code.ts';

export interface LoopbackServer {
  redirectUri: string;
  port: number;
  close(): void;
}

/** What is said to the browser once a code was tried. */
export type Verdict = 'done' | 'failed' | 'denied';

export interface LoopbackOptions {
  /** 0: any free one. */
  port: number;
  state: string;
  /** Given what a browser brought, return what to tell it. Called for codes and refusals of our own sign-in only. */
  onReturn(returned: Returned): Promise<Verdict>;
}

const pages: Record<Verdict | 'other' | 'again', [number, string]> = {
  done: [200, 'Haven is signed in. You may close this page.'],
  again: [200, 'Haven was signed in already. You may close this page.'],
  denied: [200, 'Access was denied. You may close this page.'],
  failed: [400, 'Google did not take this sign-in. The terminal says more. You may close this page.'],
  other: [400, 'This is not the sign-in that Haven waits for. Open the address that the terminal shows.'],
};

export async function listenForReturn({ port, state, onReturn }: LoopbackOptions): Promise<LoopbackServer> {
  let done = false;
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    const url = URL.parse(request.url ?? '/', 'http://127.0.0.1');
    const own = (server.address() as AddressInfo | null)?.port;
    const named = [`127.0.0.1:${own}`, `localhost:${own}`].includes(request.headers.host ?? '');
    if (!named || url === null || request.method !== 'GET') return say(response, 403, 'Not for you.');
    if (url.pathname !== '/') return say(response, 404, 'There is nothing here.');
    const returned = fromQuery(url.searchParams, state);
    if ('refused' in returned && returned.refused !== 'denied') return say(response, ...pages.other);
    if (done) return say(response, ...pages.again);
    onReturn(returned).then(
      (verdict) => {
        done ||= verdict === 'done';
        say(response, ...pages[verdict]);
      },
      () => say(response, ...pages.failed),
    );
  });
  await listening(server, port);
  const chosen = (server.address() as AddressInfo).port;
  return {
    port: chosen,
    redirectUri: `http://127.0.0.1:${chosen}/`,
    close: () => {
      server.close();
      server.closeIdleConnections();
      // A browser that keeps its connection must not keep us.
      setTimeout(() => server.closeAllConnections(), 1000).unref();
    },
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const message = `127.0.0.1:${port} cannot be listened on (${cause.code})`;
      const hint = 'name another one with --port, or leave it out';
      reject(new HavenError({ code: 'bad-request', operation: 'sign in', message, hint }, { cause }));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'",
    connection: 'close',
  });
  response.end(`<!doctype html><meta charset="utf-8"><title>Haven</title><p>${text}</p>\n`);
}
