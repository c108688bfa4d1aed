// What a schedule comes to in days and hours. Pure.
import { Cron } from 'croner';

/** The schedule of a year has been seen in so many times, or what comes rarer is looked at further ahead. */
const mostTimes = 400;

/** Given a schedule, return the longest time between two of its runs, in milliseconds, counted from `from`; null when it has only one more. */
export function longestGap(
  { cron, timezone }: { cron: string; timezone: string },
  from: Date,
): number | null {
  const times = new Cron(cron, { timezone, paused: true }).nextRuns(mostTimes, from);
  const gaps = times.slice(1).map((time, index) => time.getTime() - times[index]!.getTime());
  return gaps.length === 0 ? null : Math.max(...gaps);
}

/**
 * Given a date or a time (ISO 8601), return when that is: a date stands for its end in the time zone, and a time without an offset is one of that zone, never of
 * the process's: a container's is UTC. An invalid Date for what is neither.
 */
export function timeGiven(text: string, timezone: string): Date {
  const [, date, time = '', offset = ''] = dateOrTime.exec(text) ?? [];
  if (date === undefined) return new Date(Number.NaN);
  if (offset !== '') return real(date, `${time}${offset}`);
  return time === '' ? endOfDay(date, timezone) : inZone(date, time, timezone);
}

const dateOrTime = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/;

/** 30 February would be a day in March. */
function real(date: string, time: string): Date {
  const day = new Date(date);
  const is = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
  return is ? new Date(`${date}T${time}`) : new Date(Number.NaN);
}

/** In some zones a day is 23 hours long, and some days do not begin at midnight. */
function endOfDay(date: string, timezone: string): Date {
  const day = real(date, '00:00Z');
  if (Number.isNaN(day.getTime())) return day;
  const next = new Date(day.getTime() + 86_400_000);
  return inZone(next.toISOString().slice(0, 10), '00:00', timezone);
}

function inZone(date: string, time: string, timezone: string): Date {
  const asInUtc = real(date, `${time}Z`);
  if (Number.isNaN(asInUtc.getTime())) return asInUtc;
  const local = asInUtc.toISOString().slice(0, 19);
  return new Cron(local, { timezone, paused: true }).nextRun(new Date(0)) ?? new Date(Number.NaN);
}
