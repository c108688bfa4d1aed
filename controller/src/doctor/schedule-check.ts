import type { App } from '../app.ts';
import { jobsOf } from '../schedule/due.ts';
import { silentJobs } from '../schedule/silent.ts';
import { type Check, failed, ok } from './check.ts';

/** Does what is scheduled begin at all? One check for each job that does not, or one for all. */
export function checkSchedule(app: App): Check[] {
  const jobs = jobsOf(app.config);
  if (jobs.length === 0) return [ok('schedule', 'nothing is scheduled: everything is run by hand')];
  const silent = silentJobs(app);
  if (silent.length === 0) return [ok('schedule', jobs.map(({ name }) => name).join(', '))];
  return silent.map(({ job, since, never }) =>
    failed(
      `schedule ${job.name}`,
      `${never ? 'it has never begun' : 'it has not begun'}, and should have at ${since.toISOString()}`,
      'keep `haven up` running, or call `haven tick` every few minutes; `haven history --decisions` says what came of each time',
    ),
  );
}
