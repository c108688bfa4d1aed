// Jobs whose time came and that did not begin: nobody looks at the schedule (neither `haven up` nor `haven tick`), or nothing can start.
import type { App } from '../app.ts';
import { type Job, jobsOf, overdueSince } from './due.ts';
import { pastOf } from './past.ts';

export interface Silent {
  job: Job;
  /** When it should have begun. */
  since: Date;
  /** No run of it ever began, by whomever. */
  never: boolean;
}

/** Given the jobs that are under way, return those that are silent; of what is paused nothing is said: that it does not begin is what was asked for. */
export function silentJobs(app: App, running: ReadonlySet<string> = underWay(app)): Silent[] {
  const now = app.now();
  const paused = new Set(app.history.pauses(now).map(({ job }) => job));
  return jobsOf(app.config).flatMap((job) => {
    if (running.has(job.name) || paused.has(job.name)) return [];
    const past = pastOf(app.history, job, now);
    const since = overdueSince(job, past, app.config.timezone, now);
    return since === null ? [] : [{ job, since, never: past.lastStarted === null }];
  });
}

/** By the history: whoever runs them. */
export function underWay({ config, history }: App): Set<string> {
  const running = jobsOf(config).filter(
    ({ kind, strategy }) => history.unfinished(strategy, kind).length > 0,
  );
  return new Set(running.map(({ name }) => name));
}
