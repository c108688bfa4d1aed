// A pause keeps the schedule from starting a job, until a time that must be named: one without an end is how backups die unnoticed.
import type { App } from '../app.ts';
import { timeGiven } from '../config/calendar.ts';
import { HavenError } from '../errors.ts';
import { type Job, jobsOf } from './due.ts';

const longestDays = 31;
const dayMs = 86_400_000;

/** Given `7d`, `12h`, a date or a time (ISO 8601), return when that is; throws bad-request for what is none of these, past, or more than 31 days away. A date ends with that day in the schedule's time zone. */
export function pauseEnd(given: string, now: Date, timezone: string): Date {
  const span = given.match(/^([1-9][0-9]{0,3})([dh])$/);
  const until =
    span !== null
      ? new Date(now.getTime() + Number(span[1]) * (span[2] === 'd' ? dayMs : dayMs / 24))
      : timeGiven(given, timezone);
  const hint = 'for example 7d, 12h, 2026-12-24 or 2026-12-24T18:00:00Z';
  const refused = (message: string) =>
    new HavenError({ code: 'bad-request', operation: 'pause', message, hint });
  if (Number.isNaN(until.getTime())) throw refused(`${given} is no time`);
  if (until <= now) throw refused(`${given} is past`);
  if (until.getTime() - now.getTime() > longestDays * dayMs)
    throw refused(`${given} is more than ${longestDays} days away: pause again when that is over`);
  return until;
}

/** Given names of jobs (`backup-a`) or of strategies (`a`: all of its jobs), return the jobs; all when none is named. */
export function jobsMeant(app: App, names: string[]): Job[] {
  const all = jobsOf(app.config);
  for (const name of names) {
    if (all.some((job) => job.name === name || job.strategy === name)) continue;
    const known = all.map((job) => job.name).join(', ');
    throw new HavenError({
      code: 'bad-request',
      operation: 'pause',
      message: `nothing that is scheduled is called ${name}`,
      hint:
        known === ''
          ? 'haven.yaml has no schedule'
          : `there are ${known}; a strategy’s name means all of its jobs`,
    });
  }
  return names.length === 0
    ? all
    : all.filter(({ name, strategy }) => names.some((one) => one === name || one === strategy));
}
