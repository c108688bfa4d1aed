// What minute of the week it is somewhere: summer time, and whatever a government decides, are the runtime's to know.
import { weekdays } from './timetable.ts';

const minuteMs = 60_000;

/** Is it a time zone that can be computed with, such as Europe/Berlin? */
export function isTimezone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Given a time zone, return what gives the minute of the week, which begins on Monday, at a time. */
export function createWeekClock(timezone: string): (now: number) => number {
  const format = formatOf(timezone);
  let known = { minute: Number.NaN, ofWeek: 0 };
  return (now) => {
    const minute = Math.floor(now / minuteMs);
    if (minute !== known.minute) known = { minute, ofWeek: minuteOfWeek(format, now) };
    return known.ofWeek;
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, weekday: 'long', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
}

function minuteOfWeek(format: Intl.DateTimeFormat, now: number): number {
  const parts = Object.fromEntries(format.formatToParts(now).map(({ type, value }) => [type, value]));
  const day = weekdays.indexOf(parts.weekday!.toLowerCase());
  return (day * 24 + Number(parts.hour)) * 60 + Number(parts.minute);
}
