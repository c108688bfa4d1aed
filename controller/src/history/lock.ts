// One process at a time per part. An exclusive SQLite transaction is a lock that the kernel takes back when its holder dies, across
// containers that share HAVEN_HOME, and that works where Node has no flock (docs/decisions/0004).
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HavenError } from '../errors.ts';

export interface Lock {
  release(): void;
}

/** Given a name, take its lock; throws busy, with `hint`, at once when another process has it. */
export function takeLock(folder: string, name: string, hint = '`haven status` shows it'): Lock {
  const database = new DatabaseSync(join(folder, `${name}.lock`), { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    if ((cause as { errcode?: number }).errcode !== 5) throw cause;
    const message = `another ${name} run is under way`;
    throw new HavenError({ code: 'busy', operation: name, message, hint }, { cause });
  }
  return { release: () => database.close() };
}
