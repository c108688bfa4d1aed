// What ran, when, and what it came to. SQLite in WAL mode with full sync: readable while the daemon writes, and a power cut loses nothing
// that was said to be recorded. A run is written when it starts; one without an end was cut off.
import { DatabaseSync } from 'node:sqlite';
import type { Outcome } from '../contract/interpret.ts';
import type { ErrorReport } from '../errors.ts';
import type { Healths } from '../notify/notifier.ts';
import { migrate } from './migrations.ts';

/** `stream` is a drill of that level: no proof of a restore, so it is no `drill`. */
export type Kind = 'backup' | 'drill' | 'stream' | 'audit' | 'prune' | 'restore' | 'sabotage';
export type Trigger = 'hand' | 'schedule' | 'after-backup';

export interface RunRecord {
  id: string;
  kind: Kind;
  strategy: string;
  trigger: Trigger;
  started: string;
  ended: string | null;
  outcome: Outcome | null;
  exit: number | null;
  error: ErrorReport | null;
  result: unknown;
}

export interface RunEnd {
  ended: Date;
  outcome: Outcome;
  exit: number;
  error: ErrorReport | null;
  result: unknown;
}

export interface Query {
  kind?: Kind;
  strategy?: string;
  outcome?: Outcome;
  /** Those that started then or later. */
  since?: Date;
  limit?: number;
}

export interface RunCount {
  kind: Kind;
  strategy: string;
  outcome: Outcome;
  count: number;
}

/** Until when a job is not started; it ends by itself. */
export interface Pause {
  job: string;
  since: Date;
  until: Date;
  reason: string;
}

export type Decided = 'ran' | 'caught-up' | 'tried-again' | 'paused' | 'overlapped' | 'skipped' | 'refused';

/** What the schedule came to at a time a job was due. */
export interface Decision {
  job: string;
  due: Date;
  what: Decided;
  at: Date;
  reason: string;
}

export interface History extends Healths {
  begin(run: { id: string; kind: Kind; strategy: string; trigger: Trigger; started: Date }): void;
  end(id: string, end: RunEnd): void;
  /** Newest first. */
  runs(query: Query): RunRecord[];
  unfinished(strategy: string, kind: Kind): RunRecord[];
  /** Asks whoever runs it to stop it; what has ended stays as it is. */
  cancel(run: string, at: Date): void;
  isCancelled(run: string): boolean;
  /** How many runs of each kind ended how. */
  counts(): RunCount[];
  /** When a job was first heard of, so that one that never ran comes due at all. */
  firstSeen(job: string, now: Date): Date;
  /** Of this history alone, and the same for ever: what makes one server's jitter another than its neighbour's. */
  seed(): number;
  /** One at a time for each job; null ends it. */
  setPause(job: string, pause: Omit<Pause, 'job'> | null): void;
  pauses(now: Date): Pause[];
  /** Each is written once, however often the schedule is looked at; those of more than a year ago go. */
  decided(decision: Decision): void;
  /** Given a decision that started a run which then did not begin: it is said to be refused, instead of what it was. */
  refused(decision: Decision, reason: string): void;
  /** Newest first. */
  decisions(limit: number): Decision[];
  close(): void;
}

const busy = 5;

/**
 * SQLite waits for nobody while it changes the journal's mode, whatever its timeout: the daemon and a command that both meet a new
 * history would end in "database is locked" (https://sqlite.org/wal.html#activating_and_configuring_wal_mode). So the waiting is ours.
 */
function useWriteAheadLog(database: DatabaseSync): void {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== busy || Date.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

export function openHistory(path: string): History {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  useWriteAheadLog(database);
  database.exec('PRAGMA synchronous = FULL');
  migrate(database);
  const select = (where: string, ...values: (string | number)[]): RunRecord[] => {
    const rows = database.prepare(`SELECT * FROM runs ${where}`).all(...values);
    return rows.map((row) => ({
      ...(row as unknown as RunRecord),
      error: parsed(row.error) as ErrorReport | null,
      result: parsed(row.result),
    }));
  };
  return {
    begin({ id, kind, strategy, trigger, started }) {
      database
        .prepare('INSERT INTO runs (id, kind, strategy, trigger, started) VALUES (?, ?, ?, ?, ?)')
        .run(id, kind, strategy, trigger, started.toISOString());
    },
    end(id, { ended, outcome, exit, error, result }) {
      const values = [ended.toISOString(), outcome, exit, text(error), text(result), id];
      database
        .prepare('UPDATE runs SET ended = ?, outcome = ?, exit = ?, error = ?, result = ? WHERE id = ?')
        .run(...values);
    },
    runs({ kind, strategy, outcome, since, limit }) {
      const given = Object.entries({ kind, strategy, outcome }).filter(([, value]) => value !== undefined);
      const all = [...given.map(([name]) => `${name} = ?`), 'started >= ?'].join(' AND ');
      const values = [...given.map(([, value]) => value as string), since?.toISOString() ?? ''];
      return select(`WHERE ${all} ORDER BY started DESC, rowid DESC LIMIT ?`, ...values, limit ?? 50);
    },
    unfinished: (strategy, kind) =>
      select('WHERE ended IS NULL AND strategy = ? AND kind = ? ORDER BY started', strategy, kind),
    cancel(run, at) {
      database.prepare('INSERT OR IGNORE INTO cancels (run, at) VALUES (?, ?)').run(run, at.toISOString());
    },
    isCancelled: (run) => database.prepare('SELECT 1 FROM cancels WHERE run = ?').get(run) !== undefined,
    counts: () =>
      database
        .prepare(
          'SELECT kind, strategy, outcome, count(*) AS count FROM runs WHERE outcome IS NOT NULL GROUP BY kind, strategy, outcome',
        )
        .all() as unknown as RunCount[],
    firstSeen(job, now) {
      database
        .prepare('INSERT OR IGNORE INTO jobs (name, first_seen) VALUES (?, ?)')
        .run(job, now.toISOString());
      const row = database.prepare('SELECT first_seen FROM jobs WHERE name = ?').get(job);
      return new Date((row as { first_seen: string }).first_seen);
    },
    healthOf(job) {
      const row = database.prepare('SELECT health FROM healths WHERE job = ?').get(job);
      return row === undefined ? null : row.health === 'good' ? 'good' : 'bad';
    },
    setHealth(job, health, at) {
      database
        .prepare('INSERT OR REPLACE INTO healths (job, health, since) VALUES (?, ?, ?)')
        .run(job, health, at.toISOString());
    },
    seed: () => Number((database.prepare('SELECT seed FROM seeds').get() as { seed: number }).seed),
    setPause(job, pause) {
      database.prepare('DELETE FROM pauses WHERE job = ?').run(job);
      if (pause === null) return;
      const values = [job, pause.since.toISOString(), pause.until.toISOString(), pause.reason];
      database.prepare('INSERT INTO pauses (job, since, until, reason) VALUES (?, ?, ?, ?)').run(...values);
    },
    pauses(now) {
      const rows = database
        .prepare('SELECT * FROM pauses WHERE until > ? ORDER BY job')
        .all(now.toISOString());
      return rows.map((row) => {
        const { job, since, until, reason } = row as Record<'job' | 'since' | 'until' | 'reason', string>;
        return { job, since: new Date(since), until: new Date(until), reason };
      });
    },
    decided({ job, due, what, at, reason }) {
      const values = [job, due.toISOString(), what, at.toISOString(), reason];
      const { changes } = database
        .prepare('INSERT OR IGNORE INTO decisions (job, due, what, at, reason) VALUES (?, ?, ?, ?, ?)')
        .run(...values);
      if (changes === 0) return;
      const yearAgo = new Date(at.getTime() - 366 * 86_400_000).toISOString();
      database.prepare('DELETE FROM decisions WHERE at < ?').run(yearAgo);
    },
    refused({ job, due, what }, reason) {
      // Replaces what was said of an earlier attempt at the same time.
      database
        .prepare(
          "UPDATE OR REPLACE decisions SET what = 'refused', reason = ? WHERE job = ? AND due = ? AND what = ?",
        )
        .run(reason, job, due.toISOString(), what);
    },
    decisions(limit) {
      const rows = database
        .prepare('SELECT * FROM decisions ORDER BY at DESC, rowid DESC LIMIT ?')
        .all(limit);
      return rows.map((row) => {
        const { job, due, what, at, reason } = row as Record<keyof Decision, string>;
        return { job, due: new Date(due), what: what as Decided, at: new Date(at), reason };
      });
    },
    close: () => database.close(),
  };
}

function text(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

function parsed(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : null;
}
