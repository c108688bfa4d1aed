// A service that news is told to, over real HTTP, and a notifier that tells it. Every test has its own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import { pino } from 'pino';
import type { EndedRun, Health } from '../src/notify/news.ts';
import { createNotifier, type Notifier } from '../src/notify/notifier.ts';
import { Notify } from '../src/notify/targets.ts';

export interface Heard {
  method: string;
  path: string;
  headers: Record<string, unknown>;
  body: string;
}

export interface Listener {
  folder: string;
  port: number;
  requests: Heard[];
  /** What it answers, one after the other; 200 when there is none left. */
  answers: (number | 'never')[];
  logged: string[];
  secretFile(name: string, text: string): string;
  notifier(targets: object[], timeoutMs?: number): Notifier;
  /** A target of the kind `webhook` that is this service. */
  webhook(more?: object): object;
}

export const failed = { outcome: 'failed', exit: 21, code: 'store-full' } as const;
export const noLog = '/nowhere/log.txt';

/** To be called once in a test file: begins anew before each test. */
export function listen(): Listener {
  let server: Server;
  const heard: Listener = {
    ...{ folder: '', port: 0, requests: [], answers: [], logged: [] },
    secretFile(name, text) {
      writeFileSync(join(heard.folder, 'secrets', name), `${text}\n`);
      return name;
    },
    notifier(targets, timeoutMs = 2000) {
      const healths = new Map<string, Health>();
      return createNotifier(Notify.parse({ targets }), {
        name: 'haven',
        secrets: join(heard.folder, 'secrets'),
        healths: {
          healthOf: (job) => healths.get(job) ?? null,
          setHealth: (job, health) => void healths.set(job, health),
        },
        log: pino({ level: 'info' }, { write: (line: string) => void heard.logged.push(line) }),
        now: () => new Date(),
        patience: { timeoutMs, waitsMs: [1, 1] },
      });
    },
    webhook(more = {}) {
      const urlFile = heard.secretFile('hook', `http://127.0.0.1:${heard.port}/hook/secret`);
      return { kind: 'webhook', urlFile, ...more };
    },
  };

  beforeEach(async () => {
    heard.folder = mkdtempSync(join(tmpdir(), 'haven-notify-'));
    mkdirSync(join(heard.folder, 'secrets'));
    heard.requests = [];
    heard.answers = [];
    heard.logged = [];
    server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { method = '', url = '', headers } = request;
      heard.requests.push({ method, path: url, headers, body });
      const status = heard.answers.shift() ?? 200;
      if (status !== 'never') response.writeHead(status).end('canary-answer');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    heard.port = (server.address() as AddressInfo).port;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(heard.folder, { recursive: true });
  });
  return heard;
}

export function ended(change: Partial<EndedRun> = {}): EndedRun {
  const times = { started: '2026-11-26T03:00:00.000Z', ended: '2026-11-26T03:10:00.000Z' };
  return {
    run: 'r-1',
    kind: 'backup',
    strategy: 'b',
    outcome: 'ok',
    exit: 0,
    code: null,
    ...times,
    ...change,
  };
}
