// The backups in flight, so that a run that was killed is continued by the next: what is being sent, the parts made of it, where each lies in the
// spool, its id in Drive and its upload session. Written and synced before what it tells of is relied upon. SQLite, in the state volume.
// It is a cache like all state: lost, the backup in flight begins anew and nothing that was committed is lost.
import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { localFull } from '../contract/errors.ts';
import { Source } from '../contract/request.ts';
import { Manifest, manifestName, Part, partName } from '../manifest/manifest.ts';

/** What was decided when a backup began, and stays so until it is committed. */
const InFlight = z.object({
  backup: z.string(),
  source: Source,
  kind: z.enum(['full', 'incremental']),
  /** Why it is a full one. */
  why: z.string().nullable(),
  chain: z.string(),
  base: z.object({ backup: z.string(), guid: z.string() }).nullable(),
  sendFlags: z.array(z.string()),
  createdAt: z.string(),
  snapshotCreatedAt: z.string(),
  writer: z.record(z.string(), z.string()),
});
export type InFlight = z.infer<typeof InFlight>;

const StreamEnd = z.object({
  bytes: z.int(),
  sha256: z.string(),
  type: z.enum(['filesystem', 'volume']),
});
/** The whole stream, once it has ended well. */
export type StreamEnd = z.infer<typeof StreamEnd>;

/** A sealed file of the spool, on its way: a part, or the manifest. */
const MadeFile = Part.pick({ compression: true, stream: true, stored: true, recipients: true });
export type MadeFile = z.infer<typeof MadeFile>;

/** The manifest's place among the numbered parts. */
export const manifestNumber = -1;

/** Its name in the spool and in Drive. */
export function fileName(backup: string, n: number): string {
  return n === manifestNumber ? manifestName(backup) : partName(backup, n);
}

export interface JournalledFile {
  n: number;
  made: MadeFile;
  /** Drive's id, taken before the first session was started. */
  id: string | undefined;
  /** The session's URI is a bearer secret: this database is readable by its owner only. */
  session: { uri: string; startedAt: number } | undefined;
  /** Drive's checksums of it equalled ours. */
  stored: boolean;
}

export interface Journal {
  inFlight(): InFlight[];
  /** What is known of one of them beside its files. */
  ending(backup: string): { stream: StreamEnd | undefined; manifest: Manifest | undefined };
  files(backup: string): JournalledFile[];
  begin(plan: InFlight): void;
  addFile(backup: string, n: number, made: MadeFile): void;
  setId(backup: string, n: number, id: string): void;
  setSession(backup: string, n: number, session: JournalledFile['session']): void;
  setStored(backup: string, n: number): void;
  setStream(backup: string, stream: StreamEnd): void;
  setManifest(backup: string, manifest: Manifest): void;
  /** Forgets files from the n-th on: they are made again. */
  dropFiles(backup: string, from: number): void;
  /** Counts that its stream broke off; returns how often it did. */
  countBroken(backup: string): number;
  /** Names in the spool of all files that are still needed. */
  spooled(): Set<string>;
  /** It is committed, or given up. */
  end(backup: string): void;
  close(): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS backup (id TEXT PRIMARY KEY, plan TEXT NOT NULL, stream TEXT, manifest TEXT, broken INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE TABLE IF NOT EXISTS file (
    backup TEXT NOT NULL REFERENCES backup (id) ON DELETE CASCADE, n INTEGER NOT NULL, made TEXT NOT NULL,
    id TEXT, session TEXT, session_at INTEGER, stored INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (backup, n)
  ) STRICT;`;

/** Given the state folder, open its journal. One that cannot be read is set aside and told by `onDamaged`; throws local-full when there is no room. */
export function openJournal(stateFolder: string, onDamaged: () => void): Journal {
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const path = join(stateFolder, 'journal.sqlite');
  try {
    return createJournal(openDatabase(path));
  } catch (error) {
    if (isFull(error)) throw localFull('open journal', error);
    if (!isSqlite(error)) throw error;
    renameSync(path, `${path}.damaged`);
    for (const more of ['-wal', '-shm', '-journal']) rmSync(path + more, { force: true });
    onDamaged();
    return createJournal(openDatabase(path));
  }
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    chmodSync(path, 0o600);
    // A synced rollback journal: one writer, a few writes a part, and no memory-mapped file on the owner's odd file systems.
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; PRAGMA foreign_keys = ON;');
    const [verdict] = database.prepare('PRAGMA quick_check(1)').all();
    if (verdict?.quick_check !== 'ok')
      throw Object.assign(new Error('quick_check'), { code: 'ERR_SQLITE_ERROR' });
    database.exec(schema);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function createJournal(database: DatabaseSync): Journal {
  const statement = (sql: string) => {
    const prepared = database.prepare(sql);
    return (...values: (string | number | null)[]): void => {
      try {
        prepared.run(...values);
      } catch (error) {
        throw isFull(error) ? localFull('write journal', error) : error;
      }
    };
  };
  const begin = statement('INSERT INTO backup (id, plan) VALUES (?, ?)');
  const addFile = statement('INSERT OR REPLACE INTO file (backup, n, made) VALUES (?, ?, ?)');
  const setId = statement(
    'UPDATE file SET id = ?, session = NULL, session_at = NULL WHERE backup = ? AND n = ?',
  );
  const setSession = statement('UPDATE file SET session = ?, session_at = ? WHERE backup = ? AND n = ?');
  const setStored = statement('UPDATE file SET stored = 1, session = NULL WHERE backup = ? AND n = ?');
  const setStream = statement('UPDATE backup SET stream = ? WHERE id = ?');
  const setManifest = statement('UPDATE backup SET manifest = ? WHERE id = ?');
  const dropFiles = statement('DELETE FROM file WHERE backup = ? AND (n >= ? OR n < 0)');
  const countBroken = statement('UPDATE backup SET broken = broken + 1 WHERE id = ?');
  const end = statement('DELETE FROM backup WHERE id = ?');
  const rowOf = database.prepare('SELECT stream, manifest, broken FROM backup WHERE id = ?');
  const filesOf = database.prepare('SELECT * FROM file WHERE backup = ? ORDER BY n');
  const unstored = database.prepare('SELECT backup, n FROM file WHERE stored = 0');
  const plans = database.prepare('SELECT plan FROM backup ORDER BY rowid');

  return {
    inFlight: () => plans.all().map(({ plan }) => InFlight.parse(JSON.parse(String(plan)))),
    ending: (backup) => {
      const row = rowOf.get(backup) ?? {};
      return {
        stream: row.stream == null ? undefined : StreamEnd.parse(JSON.parse(String(row.stream))),
        manifest: row.manifest == null ? undefined : Manifest.parse(JSON.parse(String(row.manifest))),
      };
    },
    files: (backup) => filesOf.all(backup).map(parseFile),
    begin: (plan) => begin(plan.backup, JSON.stringify(plan)),
    addFile: (backup, n, made) => addFile(backup, n, JSON.stringify(made)),
    setId: (backup, n, id) => setId(id, backup, n),
    setSession: (backup, n, session) =>
      setSession(session?.uri ?? null, session?.startedAt ?? null, backup, n),
    setStored: (backup, n) => setStored(backup, n),
    setStream: (backup, stream) => setStream(JSON.stringify(stream), backup),
    setManifest: (backup, manifest) => setManifest(JSON.stringify(manifest), backup),
    dropFiles: (backup, from) => dropFiles(backup, from),
    countBroken: (backup) => {
      countBroken(backup);
      return Number(rowOf.get(backup)?.broken ?? 0);
    },
    spooled: () => new Set(unstored.all().map(({ backup, n }) => fileName(String(backup), Number(n)))),
    end: (backup) => end(backup),
    close: () => database.close(),
  };
}

function parseFile(row: Record<string, unknown>): JournalledFile {
  const { session, session_at: startedAt } = row;
  return {
    n: Number(row.n),
    made: MadeFile.parse(JSON.parse(String(row.made))),
    id: typeof row.id === 'string' ? row.id : undefined,
    session: typeof session === 'string' ? { uri: session, startedAt: Number(startedAt) } : undefined,
    stored: row.stored === 1,
  };
}

function isSqlite(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
}

/** SQLITE_FULL, and an I/O error while writing: both are a disk without room, or one that is no disk any more. */
function isFull(error: unknown): boolean {
  return isSqlite(error) && [13, 778, 1034].includes((error as { errcode?: number }).errcode ?? 0);
}
