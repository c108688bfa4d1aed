// `haven up`: waits for a configuration, then runs what is due, one run at a time per kind. Ends when told to, after its runs ended.
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type App, buildApp, type Surroundings } from '../app.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { reportOf } from '../errors.ts';
import type { Home } from '../home.ts';
import { startMonitor } from '../status/monitor.ts';
import { watchAges } from '../status/watch-ages.ts';
import { jobsOf, nextDue } from './due.ts';
import { pastOf } from './past.ts';
import { silentJobs } from './silent.ts';
import { adoptLeftovers, startDue, tidy } from './start-due.ts';

const example = fileURLToPath(new URL('../../../haven.example.yaml', import.meta.url));

export interface Rhythm {
  /** Between two looks at what is due. */
  tickMs: number;
  /** Between two looks at a configuration that is missing or wrong. */
  lookMs: number;
}

const usualRhythm: Rhythm = { tickMs: 15_000, lookMs: 3_000 };

/** `listen`: where monitors are answered, instead of the configuration's address. */
export async function keepUp(
  surroundings: Surroundings,
  rhythm = usualRhythm,
  listen?: string,
): Promise<void> {
  const config = await waitForConfig(surroundings, rhythm.lookMs);
  if (config === undefined) return;
  const app = buildApp(surroundings, config);
  const running = new Map<string, Promise<void>>();
  const refused = new Set<string>();
  let tidied: number | undefined;
  const monitor = await startMonitor(app, listen);
  const ending = new AbortController();
  const ages = watchAges(app, AbortSignal.any([app.signal, ending.signal]));
  try {
    announce(app);
    while (!app.signal.aborted) {
      if (running.size === 0) await adoptLeftovers(app);
      const today = Math.floor(app.now().getTime() / 86_400_000);
      if (tidied !== today) await tidy(app);
      tidied = today;
      for (const { jobs, ended } of startDue(app, new Set(running.keys()))) {
        const over = told(app, jobs, ended, refused).finally(() => jobs.map((job) => running.delete(job)));
        for (const job of jobs) running.set(job, over);
      }
      await tellOverdue(app, running);
      await pause(rhythm.tickMs, app.signal);
    }
    await Promise.all(running.values());
  } finally {
    ending.abort();
    await Promise.all([monitor.close(), ages]);
    app.history.close();
  }
}

async function told(app: App, jobs: string[], ended: Promise<unknown>, refused: Set<string>): Promise<void> {
  const job = jobs.join(', ');
  try {
    await ended;
    refused.delete(job);
  } catch (thrown) {
    // Only what comes before a run's record gets here: busy, or Docker away. Still due, so it is tried again; said once, not at each tick.
    if (refused.has(job)) return;
    refused.add(job);
    const report = reportOf(thrown, job);
    app.log.error(
      { job, code: report.code, reason: report.message },
      'a run that is due could not start; it is tried again',
    );
  }
}

async function tellOverdue(app: App, running: Map<string, unknown>): Promise<void> {
  for (const { job, since } of silentJobs(app, new Set(running.keys())))
    await app.notifier.overdue(job.name, since);
}

function announce(app: App): void {
  const jobs = jobsOf(app.config);
  const now = app.now();
  if (jobs.length === 0)
    app.log.warn('nothing is scheduled: neither `schedule` of a strategy nor drill.schedule is set');
  for (const job of jobs) {
    const next = nextDue(job, pastOf(app.history, job, now), app.config.timezone, now);
    app.log.info({ job: job.name, next: next?.toISOString() ?? null }, 'scheduled');
  }
}

/** Says what is missing or wrong, once for each state of the file, and looks again until it is right. */
async function waitForConfig(
  { home, log, signal }: Surroundings,
  lookMs: number,
): Promise<Config | undefined> {
  let said: string | undefined;
  while (!signal.aborted) {
    const state = stateOf(home.config);
    if (state !== said) {
      said = state;
      try {
        return loadConfig(home.config);
      } catch (thrown) {
        leaveExample(home);
        const { message, hint } = reportOf(thrown, 'read the configuration');
        log.error({ hint }, message);
        log.info('waiting for the configuration');
      }
    }
    await pause(lookMs, signal);
  }
  return undefined;
}

/** Puts the example where an owner who runs Haven in a container can reach it. */
function leaveExample(home: Home): void {
  try {
    mkdirSync(home.root, { recursive: true });
    copyFileSync(example, join(home.root, 'haven.example.yaml'));
  } catch {
    // A courtesy: the message that follows says what is needed.
  }
}

function stateOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 'absent' : `${stat.mtimeMs} ${stat.size}`;
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  // The only rejection is the abort, which the loops look at themselves.
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}
