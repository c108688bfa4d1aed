import { exitCodes } from '../errors.ts';
import type { History } from '../history/history.ts';
import type { Job, Past } from './due.ts';

/** Given the history, return what it says of a job. */
export function pastOf(history: History, job: Job, now: Date): Past {
  const known = { firstSeen: history.firstSeen(job.name, now), seed: history.seed() };
  const [last] = history.runs({ kind: job.kind, strategy: job.strategy, limit: 1 });
  if (last === undefined) return { lastStarted: null, lastEnded: null, again: false, ...known };
  const interrupted =
    last.outcome === 'interrupted' && last.trigger === 'schedule' && !history.isCancelled(last.id);
  return {
    lastStarted: new Date(last.started),
    lastEnded: last.ended === null ? null : new Date(last.ended),
    again: last.exit === exitCodes['try-later'] || interrupted,
    ...known,
  };
}
