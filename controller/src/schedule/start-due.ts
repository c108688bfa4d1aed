// Starts what is due, once; what was decided of each job is in the history before anything begins.
import type { App } from '../app.ts';
import { runBackup } from '../runs/backup.ts';
import { sharedSnapshots } from '../runs/backup-snapshots.ts';
import { runDrill } from '../runs/drill.ts';
import { reap } from '../runs/drill-steps.ts';
import { adoptAll } from '../runs/leftovers.ts';
import type { RunSummary } from '../runs/recorded.ts';
import { makeRunFolder } from '../runs/run-folder.ts';
import { strategyNamed } from '../strategies/configured.ts';
import { decide, type Job, jobsOf, starts } from './due.ts';
import { pastOf } from './past.ts';

/** A piece of work that was started: one job, or several that belong together. */
export interface Started {
  jobs: string[];
  /** Rejects for what comes before a run's record: busy, or Docker away. */
  ended: Promise<RunSummary[]>;
}

/** Given the jobs whose runs are under way, decide about all others and start what is due. */
export function startDue(app: App, running: ReadonlySet<string>): Started[] {
  const { config, history } = app;
  const now = app.now();
  const present = { timezone: config.timezone, now, running, pauses: history.pauses(now) };
  const jobs: Job[] = [];
  for (const job of jobsOf(config)) {
    const decision = decide(job, pastOf(history, job, now), present);
    if (decision === null) continue;
    history.decided(decision);
    if (starts(decision)) jobs.push(job);
  }
  // What is due together is of the same instant, so that both strategies' backups can be compared with each other.
  const backups = jobs.filter(({ kind }) => kind === 'backup');
  const snapshots = sharedSnapshots(
    app,
    backups.map(({ strategy }) => strategyNamed(strategy)),
  );
  const started: Started[] = backups.map(({ name, strategy }) => ({
    jobs: [name],
    ended: runBackup(app, strategyNamed(strategy), { kind: 'auto', trigger: 'schedule', snapshots }).then(
      ({ resumed, audit, ...backup }) => [resumed, backup, audit].filter((one) => one !== null),
    ),
  }));
  const drills = jobs.filter(({ kind }) => kind === 'drill');
  if (drills.length > 0) {
    const drilled = drills.map(({ strategy }) => strategyNamed(strategy));
    started.push({
      jobs: drills.map(({ name }) => name),
      ended: runDrill(app, drilled, { trigger: 'schedule' }),
    });
  }
  return started;
}

/** Looks after what an earlier controller left behind; only while no run of this one is under way. */
export async function adoptLeftovers(app: App): Promise<void> {
  try {
    await adoptAll(app, (run) => reap(app, { run, folder: makeRunFolder(app.home, run), pools: 'all' }));
  } catch (thrown) {
    // Docker may be away for a while; the next look, or the next run, does the same again.
    app.log.warn({ err: thrown }, 'what an earlier controller left behind could not be looked after yet');
  }
}
