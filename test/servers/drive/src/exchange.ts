/** One request on its way through the emulator, and the emulator that it meets. */
import type { IncomingMessage } from 'node:http';
import type { MovableClock } from './clock.ts';
import type { DueFaults, FaultRegistry } from './faults/registry.ts';
import type { RequestLog } from './http/request-log.ts';
import type { Accounts, Grant } from './oauth/accounts.ts';
import type { Settings } from './settings.ts';
import type { Store } from './state/store.ts';
import type { ActiveUploads } from './upload/active-uploads.ts';
import type { UploadLine } from './upload/line.ts';

export interface Emulator {
  store: Store;
  accounts: Accounts;
  clock: MovableClock;
  faults: FaultRegistry;
  log: RequestLog;
  uploads: ActiveUploads;
  line: UploadLine;
  settings: Settings;
  /** Keep changed settings or a moved clock on disk. */
  saveSettings(settings: Settings): void;
  saveClock(): void;
  newId(): string;
  caPem: string;
}

export interface Exchange {
  emulator: Emulator;
  request: IncomingMessage;
  path: string;
  query: URLSearchParams;
  faults: DueFaults;
  /** What the request log keeps of the body, where it is metadata. */
  noted: { metadata?: unknown; bodyBytes: number };
  /** Cut the connection, as a network does. */
  cut(): void;
  /** Aborts when the client went away. */
  gone: AbortSignal;
}

/** An exchange whose access token was found good. */
export interface GrantedExchange extends Exchange {
  grant: Grant;
}
