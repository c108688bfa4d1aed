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

/** Given a date or a time (ISO 8601), return when that is; a date stands for its end in the time zone. An invalid Date for what is neither. */
export function timeGiven(text: string, timezone: string): Date {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? endOfDay(text, timezone) : new Date(text);
}

/** In some zones a day is 23 hours long, and some days do not begin at midnight. */
function endOfDay(date: string, timezone: string): Date {
  const day = new Date(date);
  // 30 February would be a day in March.
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== date) return new Date(Number.NaN);
  const next = new Date(day.getTime() + 86_400_000);
  const midnight = `${next.toISOString().slice(0, 10)}T00:00:00`;
  return new Cron(midnight, { timezone, paused: true }).nextRun(new Date(0)) ?? new Date(Number.NaN);
}
