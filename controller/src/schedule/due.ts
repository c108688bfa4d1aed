// Which jobs are due, and what is done about it. Pure: configuration, what the history says, and the time.
import { createHash } from 'node:crypto';
import { Cron } from 'croner';
import type { Config, Schedule } from '../config/schema.ts';
import { type StrategyName, strategyNames } from '../contract/request.ts';
import type { Decision, Kind, Pause } from '../history/history.ts';

export interface Job extends Schedule {
  name: string;
  kind: Kind;
  strategy: StrategyName;
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
  /** Of this server's history: another server's jitter is another one. */
  seed: number;
}

const retryAfterMs = 15 * 60 * 1000;

export function jobsOf(config: Config): Job[] {
  const kinds = ['backup', 'audit', 'drill', 'stream'] as const;
  return kinds.flatMap((kind) =>
    strategyNames.flatMap((strategy) => {
      const schedule = scheduleOf(config, kind, strategy);
      return schedule === undefined ? [] : [{ name: `${kind}-${strategy}`, kind, strategy, ...schedule }];
    }),
  );
}

function scheduleOf(
  { strategies, drill }: Config,
  kind: 'backup' | 'audit' | 'drill' | 'stream',
  strategy: StrategyName,
): Schedule | undefined {
  if (kind === 'drill') return drill.schedule[strategy];
  if (kind === 'stream') return drill.stream.schedule[strategy];
  return kind === 'audit' ? strategies[strategy]?.audit.schedule : strategies[strategy]?.schedule;
}

/** Given a regular time, return the time of this server: later by a part of the jitter that is always the same, so that jobs of one time stay together. */
function jittered(regular: Date, { jitterMinutes }: Job, seed: number): Date {
  if (jitterMinutes === 0) return regular;
  const digest = createHash('sha256').update(`${seed} ${regular.toISOString()}`).digest();
  return new Date(regular.getTime() + Math.floor((digest.readUInt32BE() / 2 ** 32) * jitterMinutes * 60_000));
}

/**
 * Given a job and its past, return when it comes due next; null: never.
 * However many times were missed while the machine was off, the answer is one time in the past: one run catches up.
 */
export function nextDue(job: Job, past: Past, timezone: string, now: Date): Date | null {
  const regular = regularAfter(job, countedFrom(job, past, now), timezone);
  const next = regular === null ? null : jittered(regular, job, past.seed);
  if (!past.again || past.lastEnded === null) return next;
  const retry = new Date(past.lastEnded.getTime() + retryAfterMs);
  return next === null || retry < next ? retry : next;
}

/** The times after this one are still to come, or were missed. A clock that was set back leaves runs in the future; counting from those would mean silence until then. */
function countedFrom({ overlap }: Job, { lastStarted, lastEnded, firstSeen }: Past, now: Date): Date {
  if (lastStarted === null || lastStarted > now) return firstSeen > now ? now : firstSeen;
  // Times that came while it ran: waited for, they are due as soon as it has ended; skipped, they count for nothing.
  return overlap === 'skip' && lastEnded !== null && lastEnded > lastStarted && lastEnded <= now
    ? lastEnded
    : lastStarted;
}

function regularAfter({ cron }: Job, since: Date, timezone: string): Date | null {
  return new Cron(cron, { timezone, paused: true }).nextRun(since);
}

const overdueAfterMs = 6 * 3600 * 1000;

/** Given a job that does not run now, return since when it should have begun, once that is too long ago; null while all is well. */
export function overdueSince(job: Job, past: Past, timezone: string, now: Date): Date | null {
  const next = nextDue(job, past, timezone, now);
  return next !== null && now.getTime() - next.getTime() > overdueAfterMs ? next : null;
}

export interface Present {
  timezone: string;
  now: Date;
  /** Jobs whose run is under way. */
  running: ReadonlySet<string>;
  pauses: Pause[];
}

/** Given a job that may be due, return what is done about it and why; null while it is not due. Starts a run: ran, caught-up, tried-again. */
export function decide(job: Job, past: Past, present: Present): Decision | null {
  const { timezone, now, running, pauses } = present;
  const decision = (due: Date, what: Decision['what'], reason: string) => {
    return { job: job.name, due, what, at: now, reason };
  };
  if (running.has(job.name)) {
    // Since it began: what is due by now came while it ran.
    const missed = nextDue({ ...job, overlap: 'wait' }, { ...past, again: false }, timezone, now);
    if (missed === null || missed > now) return null;
    const before = 'the run before is still under way';
    return job.overlap === 'wait'
      ? decision(missed, 'overlapped', `${before}: it follows when that has ended`)
      : decision(missed, 'skipped', `${before}: it is left out`);
  }
  const due = nextDue(job, past, timezone, now);
  if (due === null || due > now) return null;
  const pause = pauses.find((one) => one.job === job.name && one.until > now);
  if (pause !== undefined) {
    const why = pause.reason === '' ? '' : ` (${pause.reason})`;
    return decision(
      due,
      'paused',
      `paused until ${pause.until.toISOString()}${why}: one run catches up then`,
    );
  }
  const regular = regularAfter(job, countedFrom(job, past, now), timezone);
  if (regular === null || due < regular)
    return decision(due, 'tried-again', 'the run before ended early, by a passing trouble or a reboot');
  const next = regularAfter(job, regular, timezone);
  if (next !== null && jittered(next, job, past.seed) <= now)
    return decision(due, 'caught-up', 'several of its times were missed: this one run is for all of them');
  return decision(due, 'ran', `due at ${due.toISOString()}`);
}

/** Whether a decision starts a run. */
export function starts({ what }: Decision): boolean {
  return what === 'ran' || what === 'caught-up' || what === 'tried-again';
}
