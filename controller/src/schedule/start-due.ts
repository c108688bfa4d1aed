// Starts what is due, once; what was decided of each job is in the history before anything begins.
import type { App } from '../app.ts';
import { reportOf } from '../errors.ts';
import type { Decision } from '../history/history.ts';
import { runAudit } from '../runs/audit.ts';
import { runBackup } from '../runs/backup.ts';
import { sharedSnapshots } from '../runs/backup-snapshots.ts';
import { runDrill } from '../runs/drill.ts';
import { reap } from '../runs/drill-steps.ts';
import { adoptAll } from '../runs/leftovers.ts';
import type { RunSummary } from '../runs/recorded.ts';
import { makeRunFolder } from '../runs/run-folder.ts';
import { runStreamDrill } from '../runs/stream-drill.ts';
import { tidyRunFolders } from '../runs/tidy-run-folders.ts';
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
  const due = new Map<Job, Decision>();
  for (const job of jobsOf(config)) {
    const decision = decide(job, pastOf(history, job, now), present);
    if (decision === null) continue;
    history.decided(decision);
    if (starts(decision)) due.set(job, decision);
  }
  const jobs = [...due.keys()];
  // What is due together is of the same instant, so that both strategies' backups can be compared with each other.
  const backups = jobs.filter(({ kind }) => kind === 'backup');
  const snapshots = sharedSnapshots(
    app,
    backups.map(({ strategy }) => strategyNamed(strategy)),
  );
  const pieces: { jobs: Job[]; ended: Promise<RunSummary[]> }[] = backups.map((job) => ({
    jobs: [job],
    ended: runBackup(app, strategyNamed(job.strategy), { kind: 'auto', trigger: 'schedule', snapshots }).then(
      ({ resumed, audit, ...backup }) => [resumed, backup, audit].filter((one) => one !== null),
    ),
  }));
  for (const job of jobs.filter(({ kind }) => kind === 'audit')) {
    const ended = runAudit(app, strategyNamed(job.strategy), 'schedule').then((summary) => [summary]);
    pieces.push({ jobs: [job], ended });
  }
  const drills = jobs.filter(({ kind }) => kind === 'drill');
  if (drills.length > 0) {
    const drilled = drills.map(({ strategy }) => strategyNamed(strategy));
    pieces.push({ jobs: drills, ended: runDrill(app, drilled, { trigger: 'schedule' }) });
  }
  const streams = jobs.filter(({ kind }) => kind === 'stream');
  if (streams.length > 0) {
    const read = streams.map(({ strategy }) => strategyNamed(strategy));
    // One drill at a time: what is due at the same hour follows, whatever came of the one before it.
    const before = drills.length > 0 ? pieces.at(-1)!.ended.catch(() => {}) : Promise.resolve();
    pieces.push({
      jobs: streams,
      ended: before.then(() => runStreamDrill(app, read, { trigger: 'schedule' })),
    });
  }
  return pieces.map((piece) => ({
    jobs: piece.jobs.map(({ name }) => name),
    ended: orRefused(
      app,
      piece.jobs.map((job) => due.get(job)!),
      piece.ended,
    ),
  }));
}

/** The history must not go on saying that something ran which did not get as far as a run's record. */
async function orRefused<T>(app: App, decisions: Decision[], ended: Promise<T>): Promise<T> {
  try {
    return await ended;
  } catch (thrown) {
    const { message } = reportOf(thrown, 'start what is due');
    for (const decision of decisions)
      app.history.refused(decision, `it could not start, and is tried again: ${message}`);
    throw thrown;
  }
}

/** Removes the folders of runs that are long over. */
export async function tidy(app: App): Promise<void> {
  try {
    await tidyRunFolders(app);
  } catch (thrown) {
    // A full or failing disk must not keep a backup from starting; tomorrow it is tried again.
    app.log.warn({ err: thrown }, 'folders of old runs could not be removed yet');
  }
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
