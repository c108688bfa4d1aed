// Is the data as safe as the schedule promises? Pure. What counts is the age of what there is, not whether the last run went well: a job that silently never
// runs, a clock that was wrong, a run that always "succeeds" a little later all end in old data.
import { longestGap } from '../config/calendar.ts';

/** `unknown`: nothing is promised, for nothing is scheduled. */
export type Level = 'fresh' | 'late' | 'overdue' | 'unknown';

/** How bad, from the best to the worst; `unknown` alarms nobody. */
const levels: readonly Level[] = ['unknown', 'fresh', 'late', 'overdue'];

export interface Promised {
  cron: string;
  timezone: string;
  /** How long one run may take: it counts once it is over. */
  graceMs: number;
}

export interface Freshness {
  level: Level;
  /** Of the newest good one; null: there is none. */
  at: string | null;
  /** Until when it is fresh; null: nothing is promised. */
  freshUntil: string | null;
}

/**
 * Given what is promised, when the newest good one began (null: never) and since when it is expected, say how fresh it is.
 * Fresh until one more run should have ended; late until another should have; then overdue.
 */
export function freshness(
  promised: Promised | null,
  newest: Date | null,
  expectedSince: Date,
  now: Date,
): Freshness {
  const at = newest?.toISOString() ?? null;
  if (promised === null) return { level: 'unknown', at, freshUntil: null };
  // A clock that was set back leaves runs in the future: they count as of now, and not as good for years.
  const since = newest !== null && newest > now ? now : (newest ?? expectedSince);
  const gap = longestGap(promised, since) ?? 0;
  const freshUntil = since.getTime() + gap + promised.graceMs;
  const level =
    now.getTime() <= freshUntil ? 'fresh' : now.getTime() <= freshUntil + gap ? 'late' : 'overdue';
  return { level, at, freshUntil: new Date(freshUntil).toISOString() };
}

export function worst(all: Level[]): Level {
  return levels[Math.max(0, ...all.map((level) => levels.indexOf(level)))]!;
}
