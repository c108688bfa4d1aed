import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { type ErrorReport, HavenError } from '../errors.ts';
import { openHistory } from './history.ts';
import { takeLock } from './lock.ts';

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'haven-history-'));
  context.after(() => rmSync(path, { recursive: true }));
  return path;
}

function run(id: string, started: string) {
  return { id, kind: 'backup', strategy: 'b', trigger: 'hand', started: new Date(started) } as const;
}

const error: ErrorReport = { code: 'store-full', operation: 'upload', message: 'no space' };

test('what was recorded is there after the history is opened again', (context) => {
  const path = join(folder(context), 'history.db');
  const first = openHistory(path);
  first.begin(run('r-1', '2026-11-23T20:00:00Z'));
  first.end('r-1', {
    ended: new Date('2026-11-23T20:05:00Z'),
    outcome: 'failed',
    exit: 21,
    error,
    result: { backups: [] },
  });
  first.close();

  const again = openHistory(path);
  const [record] = again.runs({ kind: 'backup' });
  again.close();

  assert.equal(record?.ended, '2026-11-23T20:05:00.000Z');
  assert.deepEqual(
    [record?.outcome, record?.exit, record?.error, record?.result],
    ['failed', 21, error, { backups: [] }],
  );
});

test('runs are listed newest first, by kind and outcome', (context) => {
  const history = openHistory(join(folder(context), 'history.db'));
  context.after(() => history.close());
  history.begin(run('r-1', '2026-11-23T20:00:00Z'));
  history.begin(run('r-2', '2026-11-23T21:00:00Z'));
  history.end('r-1', { ended: new Date(), outcome: 'ok', exit: 0, error: null, result: null });

  assert.deepEqual(
    history.runs({}).map(({ id }) => id),
    ['r-2', 'r-1'],
  );
  assert.deepEqual(
    history.runs({ outcome: 'ok' }).map(({ id }) => id),
    ['r-1'],
  );
  assert.deepEqual(history.runs({ kind: 'drill' }), []);
  assert.deepEqual(
    history.unfinished('b', 'backup').map(({ id }) => id),
    ['r-2'],
  );
});

test('a second process reads while the first one writes', (context) => {
  const path = join(folder(context), 'history.db');
  const writer = openHistory(path);
  const reader = openHistory(path);
  context.after(() => {
    writer.close();
    reader.close();
  });

  writer.begin(run('r-1', '2026-11-23T20:00:00Z'));

  assert.equal(reader.runs({}).length, 1);
});

test('a job is first seen once', (context) => {
  const history = openHistory(join(folder(context), 'history.db'));
  context.after(() => history.close());

  const first = history.firstSeen('backup-b', new Date('2026-11-23T20:00:00Z'));
  const later = history.firstSeen('backup-b', new Date('2026-11-24T20:00:00Z'));

  assert.deepEqual(later, first);
});

test('a history of a later Haven is refused, not guessed at', (context) => {
  const path = join(folder(context), 'history.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 999');
  database.close();

  assert.throws(() => openHistory(path), /later Haven/);
});

test('a lock is had by one at a time, and is free again after its release', (context) => {
  const path = folder(context);
  const lock = takeLock(path, 'backup');

  assert.throws(
    () => takeLock(path, 'backup'),
    (thrown) => thrown instanceof HavenError && thrown.report.code === 'busy',
  );
  takeLock(path, 'drill').release();
  lock.release();
  takeLock(path, 'backup').release();
});
