// What every verb that speaks to the store works with: opened once for a run, and cleaned up after it.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { errnoOf } from './contract/errors.ts';
import type { Events } from './contract/events.ts';
import { type Connection, connect } from './drive/connection.ts';
import { createDriveStore } from './drive/drive-store.ts';
import { type RetryPolicy, withRetry } from './drive/retry.ts';
import type { Store } from './drive/store.ts';
import { type DailyAllowance, openDailyAllowance } from './limit/daily-allowance.ts';
import { createLine, type Line } from './limit/line.ts';
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
  line: Line;
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
  const createStore = surroundings.createStore ?? createDriveStore;
  const secrets = readSecrets(paths.secrets);
  const log = createLog(facts.run, surroundings.logFd);
  const allowance = openDailyAllowance(join(paths.state, 'sent.json'), settings.dailyUploadBytes, clock);
  const line = createLine({
    ...{ timetable: settings.limit, timezone: settings.limitTimezone, allowance, clock },
    onWait: (reason, waitMs) => {
      const why =
        reason === 'paused'
          ? 'uploads pause now, as the setting "limit" says'
          : `the ${settings.dailyUploadBytes} bytes that may be sent in 24 hours are used up; more in about ${Math.ceil((waitMs ?? 0) / 60_000)} min`;
      log.info({ reason, waitMs }, 'uploads wait');
      events.note('info', reason, why);
    },
  });
  const connectUntil = (end: AbortSignal) =>
    connect({
      api: settings.api,
      credentials: secrets.credentials,
      clock,
      requestIdleMs: timing.requestIdleMs,
      pace: line.pace,
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
    throttle: {
      afterMs: timing.throttledMs,
      sleepMs: timing.longSleepMs,
      giveUpAfterMs: timing.throttleGiveUpMs,
      onSleep: (operation, error, waitMs) => {
        log.warn({ operation, reason: error.message, waitMs }, 'the store takes no uploads for now');
        const minutes = Math.ceil(waitMs / 60_000);
        const text = `Google takes no uploads for now (${error.message}), as when its 750 GB a day are used up; next try in ${minutes} min`;
        events.note('warn', 'throttled', text);
      },
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
      line,
      store: withRetry(createStore(connection), retry),
      connection,
      anotherStore: async (end) => withRetry(createStore(await connectUntil(end)), { ...retry, stop: end }),
      memory: openMemory(paths.state, settings.set),
      calls: connection.calls,
      tools: (scrub = createScrub([]), signal = stop) => ({
        ...{ gnupgHome, scrub, stop: signal },
        env: toolEnv(toolPath),
        passphrases: secrets.passphrases,
        killAfterMs: timing.killAfterMs,
        stallMs: timing.stallMs,
      }),
    });
  } finally {
    saveOrTell(allowance, log);
    rmSync(gnupgHome, { recursive: true, force: true });
  }
}

/** At the end of a run it is a cache like all state: what the run came to is not to be hidden by a full disk. */
function saveOrTell(allowance: DailyAllowance, log: Logger): void {
  try {
    allowance.save();
  } catch (error) {
    log.warn({ code: errnoOf(error) ?? 'local-full' }, 'what was sent today was not written down');
  }
}

/** Logs for people, on stderr. Only facts that we chose are logged, never an error object of a library: it could hold a token. */
function createLog(run: string, fd: number): Logger {
  return pino(
    { base: { run }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: fd, sync: true }),
  );
}
