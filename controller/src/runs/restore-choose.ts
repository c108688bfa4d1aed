// Which backup a restore is of: the one named, or the newest that was made by a given time. What is configured plays no part: what was backed up and
// is gone from this host is what restores are for.
import { timeGiven } from '../config/calendar.ts';
import type { Backup } from '../contract/events.ts';
import { chainOf } from '../drill/chain.ts';
import { HavenError } from '../errors.ts';
import type { Strategy } from '../strategies/strategy.ts';
import type { Listing } from './look.ts';

export interface Wanted {
  source: string;
  /** An id, or the beginning of one. */
  backup?: string;
  asOf?: Date;
}

/** Given what is in the store, return the wanted backup's chain, from its full on; throws bad-request, or damaged where the chain has a gap. */
export function chooseBackup({ name }: Strategy, { backups }: Listing, wanted: Wanted): Backup[] {
  const hint = `\`haven list ${name}\` shows what there is`;
  const refuse = (message: string): never => {
    throw new HavenError({ code: 'bad-request', operation: 'choose a backup', message, hint });
  };
  const { source, backup: named, asOf } = wanted;
  const ofSource = backups.filter((backup) => backup.source === source);
  if (ofSource.length === 0) {
    const sources = [...new Set(backups.map((backup) => backup.source))];
    const there = sources.length === 0 ? 'there is none at all' : `there are some of ${sources.join(', ')}`;
    return refuse(`strategy ${name} has no backup of ${source}; ${there}`);
  }
  const matching = ofSource.filter(
    ({ id, createdAt }) => id.startsWith(named ?? '') && (asOf === undefined || new Date(createdAt) <= asOf),
  );
  const [newest] = matching.toSorted((one, other) => Date.parse(other.createdAt) - Date.parse(one.createdAt));
  if (newest === undefined)
    return refuse(
      named === undefined
        ? `no backup of ${source} is that old; the oldest is of ${ofSource.map(({ createdAt }) => createdAt).sort()[0]}`
        : `no backup of ${source} begins with ${named}`,
    );
  if (named !== undefined && matching.length > 1) refuse(`several backups of ${source} begin with ${named}`);
  const chain = chainOf(backups, newest);
  if (chain.ok) return chain.value;
  const remedy = `keep everything; restore an older one of another chain (${hint})`;
  throw new HavenError({
    code: 'damaged',
    operation: 'choose a backup',
    message: chain.reason,
    hint: remedy,
  });
}

/** Given a day or a time as a person writes it, return the last instant that is meant, in the configured time zone; throws bad-request. */
export function readAsOf(text: string, timezone: string): Date {
  const time = timeGiven(text, timezone);
  // A day ends where the next begins, and what was made at that very midnight is of the next.
  if (!Number.isNaN(time.getTime())) return text.length === 10 ? new Date(time.getTime() - 1) : time;
  throw new HavenError({
    code: 'bad-request',
    operation: 'read the command line',
    message: `${text} is no date`,
    hint: `write it as 2026-11-23 (that day's end), 2026-11-23T20:00 (in ${timezone}) or 2026-11-23T20:00Z`,
  });
}
