import type { Result } from '../contract/events.ts';
import type { Source } from '../contract/request.ts';
import type { ErrorReport } from '../errors.ts';
import type { Strategy } from '../strategies/strategy.ts';

/** Given what a strategy says it did, return where that is not what was asked for, or undefined. */
export function disagreement(
  result: Result,
  asked: Source[],
  outcome: string,
  { name, reads }: Strategy,
): ErrorReport | undefined {
  const say = (message: string): ErrorReport => ({ code: 'failed', operation: 'check the backup', message });
  const backups = result.backups ?? [];
  const told = new Map((result.sources ?? []).map((source) => [source.id, source]));
  for (const { source, id, streamSha256 } of backups) {
    if (!asked.some((one) => one.id === source))
      return say(`a backup of '${source}' came back, which nobody asked for`);
    if (reads === 'streams' && streamSha256 === undefined)
      return say(`strategy ${name} says nothing of the hash of backup ${id}'s stream`);
  }
  for (const { id, guid } of asked) {
    const source = told.get(id);
    // There may be another one beside it: that which an earlier run left in flight is finished first.
    const backup = backups.find((candidate) => candidate.source === id && candidate.guid === guid);
    if (outcome === 'ok' && source?.outcome !== 'ok')
      return say(`nothing was said about ${id}, or no success`);
    if (source?.outcome === 'ok' && backup === undefined)
      return say(`${id} is said to be backed up, but there is no backup of the snapshot asked for`);
    if (source?.outcome === 'ok' && source.backup !== undefined && source.backup !== backup?.id) {
      return say(`two different backups are named for ${id}`);
    }
  }
  return undefined;
}
