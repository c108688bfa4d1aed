// What every verb that speaks to the store works with: opened once for a run, and cleaned up after it.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import type { Events } from './contract/events.ts';
import { type Connection, connect } from './drive/connection.ts';
import { createDriveStore } from './drive/drive-store.ts';
import { type RetryPolicy, withRetry } from './drive/retry.ts';
import type { Store } from './drive/store.ts';
import type { ToolBox } from './pipeline/openpgp.ts';
import { toolEnv } from './process/command.ts';
import { createScrub, type Scrub } from './process/stderr-tail.ts';
import { readSecrets } from './secrets.ts';
import type { Settings } from './settings.ts';
import { type Memory, openMemory } from './state/memory.ts';
import type { Surroundings } from './surroundings.ts';

export interface Context {
  surroundings: Surroundings;
  settings: Settings;
  events: Events;
  log: Logger;
  store: Store;
  connection: Connection;
  /** A store over a connection that ends with this signal and not with the run: for cleaning up after a stop. */
  anotherStore(stop: AbortSignal): Promise<Store>;
  retry: RetryPolicy;
  memory: Memory;
  /** Requests made to the store so far. */
  calls(): number;
  /** The tools for parts and manifests; `scrub` cleans what they say. */
  tools(scrub?: Scrub, stop?: AbortSignal): ToolBox;
}

export interface RunFacts {
  run: string;
  settings: Settings;
}

/** Given a run, call `work` with its context; the folder for gpg is gone afterwards. */
export async function withContext<T>(
  facts: RunFacts,
  events: Events,
  surroundings: Surroundings,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  const { paths, timing, clock, random, stop, toolPath } = surroundings;
  const { settings } = facts;
  const secrets = readSecrets(paths.secrets);
  const log = createLog(facts.run, surroundings.logFd);
  const connectUntil = (end: AbortSignal) =>
    connect({
      api: settings.api,
      credentials: secrets.credentials,
      clock,
      requestIdleMs: timing.requestIdleMs,
      stop: end,
    });
  const connection = await connectUntil(stop);
  const retry: RetryPolicy = {
    ...{ clock, random, stop },
    giveUpAfterMs: timing.giveUpAfterMs,
    backoffBaseMs: timing.backoffBaseMs,
    backoffMaxMs: timing.backoffMaxMs,
    onRetry: (operation, error, waitMs) => {
      log.warn({ operation, reason: error.message, waitMs }, 'the store is asked again');
      events.note(
        'info',
        'retry',
        `${operation}: ${error.message}; next try in ${Math.ceil(waitMs / 1000)} s`,
      );
    },
  };
  const gnupgHome = mkdtempSync(join(paths.tmp, 'gnupg-'));
  try {
    return await work({
      surroundings,
      settings,
      events,
      log,
      retry,
      store: withRetry(createDriveStore(connection), retry),
      connection,
      anotherStore: async (end) =>
        withRetry(createDriveStore(await connectUntil(end)), { ...retry, stop: end }),
      memory: openMemory(paths.state, settings.set),
      calls: connection.calls,
      tools: (scrub = createScrub([]), signal = stop) => ({
        ...{ gnupgHome, scrub, stop: signal },
        env: toolEnv(toolPath),
        passphrase: secrets.passphrase,
        killAfterMs: timing.killAfterMs,
        stallMs: timing.stallMs,
      }),
    });
  } finally {
    rmSync(gnupgHome, { recursive: true, force: true });
  }
}

/** Logs for people, on stderr. Only facts that we chose are logged, never an error object of a library: it could hold a token. */
function createLog(run: string, fd: number): Logger {
  return pino(
    { base: { run }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: fd, sync: true }),
  );
}
