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
import { runBackup } from '../runs/backup.ts';
import { sharedSnapshots } from '../runs/backup-snapshots.ts';
import { runDrill } from '../runs/drill.ts';
import { reap } from '../runs/drill-steps.ts';
import { adoptAll } from '../runs/leftovers.ts';
import { makeRunFolder } from '../runs/run-folder.ts';
import { startMonitor } from '../status/monitor.ts';
import { watchAges } from '../status/watch-ages.ts';
import { strategyNamed } from '../strategies/configured.ts';
import { due, type Job, jobsOf, nextDue, overdueSince } from './due.ts';
import { pastOf } from './past.ts';

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
  const monitor = await startMonitor(app, listen);
  const ending = new AbortController();
  const ages = watchAges(app, AbortSignal.any([app.signal, ending.signal]));
  try {
    announce(app);
    while (!app.signal.aborted) {
      const now = app.now();
      if (running.size === 0) await adoptLeftovers(app);
      const all = due(jobsOf(config), (one) => pastOf(app.history, one, now), config.timezone, now);
      const jobs = all.filter((job) => !running.has(job.name));
      // What is due together is of the same instant, so that both strategies' backups can be compared with each other.
      const backups = jobs.filter(({ kind }) => kind === 'backup');
      const snapshots = sharedSnapshots(
        app,
        backups.map(({ strategy }) => strategyNamed(strategy)),
      );
      const work: [Job[], () => Promise<unknown>][] = backups.map((job) => [
        [job],
        () => runBackup(app, strategyNamed(job.strategy), { kind: 'auto', trigger: 'schedule', snapshots }),
      ]);
      const drills = jobs.filter(({ kind }) => kind === 'drill');
      const drilled = drills.map(({ strategy }) => strategyNamed(strategy));
      if (drills.length > 0) work.push([drills, () => runDrill(app, drilled, { trigger: 'schedule' })]);
      for (const [which, act] of work) {
        const names = which.map(({ name }) => name);
        const run = runJob(app, names, act, refused).finally(() => names.map((name) => running.delete(name)));
        for (const name of names) running.set(name, run);
      }
      for (const job of jobsOf(config)) {
        const since = overdueSince(job, pastOf(app.history, job, now), config.timezone, now);
        if (since !== null && !running.has(job.name)) await app.notifier.overdue(job.name, since);
      }
      await pause(rhythm.tickMs, app.signal);
    }
    await Promise.all(running.values());
  } finally {
    ending.abort();
    await Promise.all([monitor.close(), ages]);
    app.history.close();
  }
}

async function runJob(
  app: App,
  names: string[],
  act: () => Promise<unknown>,
  refused: Set<string>,
): Promise<void> {
  const job = names.join(', ');
  const log = app.log.child({ job });
  try {
    await act();
    refused.delete(job);
  } catch (thrown) {
    // Only what comes before a run's record gets here: busy, or Docker away. Still due, so it is tried again; said once, not at each tick.
    if (refused.has(job)) return;
    refused.add(job);
    const report = reportOf(thrown, job);
    log.error(
      { code: report.code, reason: report.message },
      'a run that is due could not start; it is tried again',
    );
  }
}

async function adoptLeftovers(app: App): Promise<void> {
  try {
    await adoptAll(app, (run) => reap(app, { run, folder: makeRunFolder(app.home, run), pools: 'all' }));
  } catch (thrown) {
    // Docker may be away for a while; the next look, or the next run, does the same again.
    app.log.warn({ err: thrown }, 'what an earlier controller left behind could not be looked after yet');
  }
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
