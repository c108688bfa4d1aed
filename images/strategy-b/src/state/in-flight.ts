// Which backups are under way, read from the journal without touching it: the state volume may be read-only, and a backup may be writing it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';

const Row = z.object({ id: z.string(), plan: z.string() });
const Begun = z.looseObject({ chain: z.string() });

/** Given the state folder, return the ids of backups under way and of their chains; null when the journal cannot be read, so that nobody knows. */
export function readInFlight(stateFolder: string): Set<string> | null {
  const path = join(stateFolder, 'journal.sqlite');
  if (!existsSync(path)) return new Set();
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    try {
      const rows = z.array(Row).parse(database.prepare('SELECT id, plan FROM backup').all());
      return new Set(rows.flatMap(({ id, plan }) => [id, Begun.parse(JSON.parse(plan)).chain]));
    } finally {
      database.close();
    }
  } catch {
    return null; // a journal left by a power cut, which only a writer may roll back; or one of another version
  }
}
