// Gathers the backups that `list` tells of, one event each, in a bounded memory: an image gone mad must not take the controller with it.
import type { Backup, ImageEvent } from '../contract/events.ts';
import { isKnown } from '../contract/events.ts';
import { HavenError } from '../errors.ts';

/** As JSON: some 70 000 backups, or twenty datasets every day for ten years. */
const mostBytes = 32 * 2 ** 20;

export interface BackupEvents {
  take(event: ImageEvent): void;
  /** Aborted when there is more than fits. */
  overflow: AbortSignal;
  /** Given the count of the result, return the backups newest first; throws when it is another, or when there were too many. */
  all(count: number | undefined): Backup[];
}

export function gatherBackups(limit = mostBytes): BackupEvents {
  const overflow = new AbortController();
  let backups: Backup[] = [];
  let bytes = 0;

  return {
    overflow: overflow.signal,
    take: (event) => {
      if (!isKnown(event) || event.event !== 'backup' || overflow.signal.aborted) return;
      const { event: _event, at: _at, ...backup } = event;
      bytes += JSON.stringify(backup).length;
      if (bytes <= limit) return void backups.push(backup);
      backups = [];
      overflow.abort();
    },
    all: (count) => {
      if (overflow.signal.aborted) throw wrong(`strategy B listed more than ${limit} bytes of backups`);
      if (count !== backups.length)
        throw wrong(`strategy B counts ${count ?? 'no'} backups and told of ${backups.length}`);
      return backups.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
    },
  };
}

function wrong(message: string): HavenError {
  const hint =
    'this is a fault of the image: its log is in runs/, and older images are not meant for this controller';
  return new HavenError({ code: 'failed', operation: 'list', message, hint });
}
