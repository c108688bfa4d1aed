import type { DatabaseSync } from 'node:sqlite';

// Only ever appended to: what stands here has run on somebody's history.
const migrations = [
  `CREATE TABLE runs (
     id TEXT PRIMARY KEY,
     kind TEXT NOT NULL,
     strategy TEXT NOT NULL,
     trigger TEXT NOT NULL,
     started TEXT NOT NULL,
     ended TEXT,
     outcome TEXT,
     exit INTEGER,
     error TEXT,
     result TEXT
   ) STRICT;
   CREATE INDEX runs_by_start ON runs (kind, strategy, started);
   CREATE TABLE jobs (name TEXT PRIMARY KEY, first_seen TEXT NOT NULL) STRICT;`,
  `CREATE TABLE healths (job TEXT PRIMARY KEY, health TEXT NOT NULL, since TEXT NOT NULL) STRICT;`,
  `CREATE TABLE pauses (job TEXT PRIMARY KEY, since TEXT NOT NULL, until TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
   CREATE TABLE decisions (
     job TEXT NOT NULL, due TEXT NOT NULL, what TEXT NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL,
     PRIMARY KEY (job, due, what)
   ) STRICT;
   CREATE INDEX decisions_by_time ON decisions (at);
   CREATE TABLE seeds (seed INTEGER NOT NULL) STRICT;
   INSERT INTO seeds VALUES (abs(random() % 4294967296));`,
  `CREATE TABLE cancels (run TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT;`,
];

/** Brings a database of any earlier version up to this one; refuses one that a later Haven wrote. */
export function migrate(database: DatabaseSync): void {
  const version = () =>
    (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
  if (version() > migrations.length) {
    throw new Error(
      `the history was written by a later Haven (version ${version()}); this one knows ${migrations.length}`,
    );
  }
  if (version() === migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (let next = version(); next < migrations.length; next += 1) {
      database.exec(migrations[next]!);
      database.exec(`PRAGMA user_version = ${next + 1}`);
    }
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
