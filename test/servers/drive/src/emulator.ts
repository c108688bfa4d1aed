/** Puts the emulator together and opens its three ports. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ADMIN_PREFIX, admin } from './admin/routes.ts';
import { createClock } from './clock.ts';
import type { Emulator } from './exchange.ts';
import { createFaultRegistry } from './faults/registry.ts';
import { createConnectProxy } from './http/connect-proxy.ts';
import { openRequestLog } from './http/request-log.ts';
import { send, serve } from './http/serve.ts';
import { loadObjects } from './load.ts';
import { DRIVE_FILE_SCOPE, openAccounts } from './oauth/accounts.ts';
import type { Options } from './options.ts';
import { DEFAULT_SETTINGS, type Settings } from './settings.ts';
import { readJson, writeJson } from './state/json-file.ts';
import { openStore } from './state/store.ts';
import { makeCertificates } from './tls/certificates.ts';
import { createActiveUploads } from './upload/active-uploads.ts';
import { createUploadLine } from './upload/line.ts';

export interface RunningEmulator {
  ports: { https: number; http: number; proxy: number };
  caPem: string;
  /** Stops at once: connections are cut, as a kill would. */
  close(): Promise<void>;
}

export async function startEmulator(options: Options): Promise<RunningEmulator> {
  mkdirSync(options.state, { recursive: true, mode: 0o700 });
  const certificates = await makeCertificates(options.state, options.names);
  const emulator = openEmulator(options, certificates.caPem);
  if (options.load !== null) {
    await loadObjects(emulator, options.load, options.clients.at(-1)!.id);
  }
  const api: RequestListener = (request, response) => void serve(emulator, request, response);
  const withAdmin: RequestListener = (request, response) => {
    if (request.url?.startsWith(ADMIN_PREFIX)) {
      void answerAdmin(emulator, request, response);
    } else {
      void serve(emulator, request, response);
    }
  };
  const tls = createTlsServer({ key: certificates.key, cert: certificates.cert }, api);
  const plain = createServer(withAdmin);
  const proxy = createConnectProxy(() => portOf(tls));
  const servers = [tls, plain, proxy] as const;
  for (const server of [tls, plain]) {
    // A chunk may take hours on a slow line: no limit on a whole request.
    server.requestTimeout = 0;
    server.keepAliveTimeout = 60_000;
  }
  await Promise.all([listen(tls, options.https), listen(plain, options.http), listen(proxy, options.proxy)]);
  return {
    ports: { https: portOf(tls), http: portOf(plain), proxy: portOf(proxy) },
    caPem: certificates.caPem,
    close: async () => {
      await Promise.all(servers.map(closeServer));
    },
  };
}

function openEmulator(options: Options, caPem: string): Emulator {
  const { state } = options;
  const newId = () => `1${randomBytes(24).toString('base64url')}`;
  const clock = createClock(Date.now, readJson(join(state, 'clock.json'), { offsetMs: 0 }).offsetMs);
  const store = openStore({ dir: state, keepRemoved: options.keepRemoved, newId, now: clock.now });
  const accounts = openAccounts(state, clock, () => randomBytes(24).toString('base64url'));
  for (const { id, secret } of options.clients) {
    accounts.addClient(id, secret);
  }
  const owner = options.clients.at(-1);
  for (const token of options.refreshTokens) {
    accounts.addRefreshToken(token, { clientId: owner!.id, scope: DRIVE_FILE_SCOPE });
  }
  const settingsPath = join(state, 'settings.json');
  const emulator: Emulator = {
    store,
    accounts,
    clock,
    faults: createFaultRegistry(),
    log: openRequestLog(state),
    uploads: createActiveUploads(store),
    line: createUploadLine(() => emulator.settings),
    settings: { ...DEFAULT_SETTINGS, ...readJson<Partial<Settings>>(settingsPath, {}) },
    saveSettings(settings) {
      emulator.settings = settings;
      emulator.line.restart();
      writeJson(settingsPath, settings);
    },
    saveClock: () => writeJson(join(state, 'clock.json'), { offsetMs: clock.offsetMs() }),
    newId,
    caPem,
  };
  return emulator;
}

async function answerAdmin(
  emulator: Emulator,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  await send(response, await admin(emulator, request));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
