// Which jobs are due. Pure: configuration, what the history says, and the time.
import { Cron } from 'croner';
import type { Config } from '../config/schema.ts';
import { type StrategyName, strategyNames } from '../contract/request.ts';
import type { Kind } from '../history/history.ts';

export interface Job {
  name: string;
  kind: Kind;
  strategy: StrategyName;
  cron: string;
}

/** What the history knows of a job. */
export interface Past {
  /** When its last run started, whoever started it; null: never. */
  lastStarted: Date | null;
  lastEnded: Date | null;
  /** Whether that run should simply be done again soon: exit 11, or a scheduled run that was interrupted (a reboot, say). */
  again: boolean;
  /** When the job was first heard of. */
  firstSeen: Date;
}

const retryAfterMs = 15 * 60 * 1000;

export function jobsOf(config: Config): Job[] {
  const crons = { backup: config.strategies, drill: config.drill.schedule };
  const kinds = ['backup', 'drill'] as const;
  return kinds.flatMap((kind) =>
    strategyNames.flatMap((strategy) => {
      const given = crons[kind][strategy];
      const cron = typeof given === 'object' ? given.schedule : given;
      return cron === undefined ? [] : [{ name: `${kind}-${strategy}`, kind, strategy, cron }];
    }),
  );
}

/**
 * Given a job and its past, return when it comes due next; null: never.
 * However many times were missed while the machine was off, the answer is one time in the past: one run catches up.
 */
export function nextDue(job: Job, past: Past, timezone: string, now: Date): Date | null {
  // A clock that was set back leaves runs in the future; counting from those would mean silence until then.
  const last = past.lastStarted === null || past.lastStarted > now ? null : past.lastStarted;
  const since = last ?? (past.firstSeen > now ? now : past.firstSeen);
  const regular = new Cron(job.cron, { timezone, paused: true }).nextRun(since);
  if (!past.again || past.lastEnded === null) return regular;
  const retry = new Date(past.lastEnded.getTime() + retryAfterMs);
  return regular === null || retry < regular ? retry : regular;
}

const overdueAfterMs = 6 * 3600 * 1000;

/** Given a job that does not run now, return since when it should have begun, once that is too long ago; null while all is well. */
export function overdueSince(job: Job, past: Past, timezone: string, now: Date): Date | null {
  const next = nextDue(job, past, timezone, now);
  return next !== null && now.getTime() - next.getTime() > overdueAfterMs ? next : null;
}

export function due(jobs: Job[], pastOf: (job: Job) => Past, timezone: string, now: Date): Job[] {
  return jobs.filter((job) => {
    const next = nextDue(job, pastOf(job), timezone, now);
    return next !== null && next <= now;
  });
}
