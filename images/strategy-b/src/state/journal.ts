// What a run is about to leave in Drive, written down before it does: the id of each file, made beforehand. One file a backup, one JSON line an entry.
import { appendFileSync, closeSync, fsyncSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, localFull } from '../contract/errors.ts';
import type { MadePart } from '../pipeline/part.ts';
import { syncFolder } from '../spool/spool.ts';

export type JournalEntry =
  | { at: string; entry: 'begun'; backup: string; source: string; guid: string; partBytes: number }
  | { at: string; entry: 'part-made'; n: number; made: MadePart }
  | { at: string; entry: 'id-taken'; n: number | 'manifest'; file: string }
  | { at: string; entry: 'part-stored'; n: number; file: string };

export interface Journal {
  add(entry: JournalEntry): void;
  /** The backup is committed: there is nothing left to resume. */
  close(): void;
}

export function openJournal(folder: string, backup: string): Journal {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${backup}.jsonl`);
  const fd = openSync(path, 'a', 0o600);
  syncFolder(folder);
  let open = true;

  return {
    add: (entry) => {
      try {
        appendFileSync(fd, `${JSON.stringify(entry)}\n`);
        fsyncSync(fd);
      } catch (error) {
        throw errnoOf(error) === 'ENOSPC' ? localFull('write journal', error) : error;
      }
    },
    close: () => {
      if (!open) return;
      open = false;
      closeSync(fd);
      rmSync(path, { force: true });
    },
  };
}
