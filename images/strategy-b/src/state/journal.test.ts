import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type InFlight, type Journal, type MadeFile, manifestNumber, openJournal } from './journal.ts';

const backup = 'b'.repeat(32);
const plan: InFlight = {
  ...{ backup, chain: backup, kind: 'full', why: 'first', base: null, sendFlags: [], writer: { haven: '1' } },
  source: { id: 'home', dataset: 'tank/my data', snapshot: 's1', guid: '18446744073709551615' },
  ...{ createdAt: '2026-11-25T00:00:00Z', snapshotCreatedAt: '2026-11-24T00:00:00Z' },
};
const hash = 'a'.repeat(64);
const made: MadeFile = {
  compression: 'xz',
  stream: { offset: 0, bytes: 100, sha256: hash },
  stored: { bytes: 50, sha256: hash, md5: 'b'.repeat(32) },
};
let folder: string;
let damaged: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'haven-journal-'));
  damaged = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(): Journal {
  return openJournal(folder, () => {
    damaged += 1;
  });
}

test('what was written is there after the process is gone', () => {
  const journal = open();
  journal.begin(plan);
  journal.addFile(backup, 0, made);
  journal.setId(backup, 0, 'id-0');
  journal.setSession(backup, 0, { uri: 'https://session', startedAt: 5 });
  journal.addFile(backup, 1, made);
  journal.close();

  const again = open();

  assert.deepEqual(again.inFlight(), [plan]);
  assert.deepEqual(again.files(backup), [
    { n: 0, made, id: 'id-0', session: { uri: 'https://session', startedAt: 5 }, stored: false },
    { n: 1, made, id: undefined, session: undefined, stored: false },
  ]);
  assert.deepEqual([...again.spooled()], [`h1-${backup}-000000`, `h1-${backup}-000001`]);
});

test('a new id forgets the session of the former one, and a stored file its session', () => {
  const journal = open();
  journal.begin(plan);
  journal.addFile(backup, 0, made);
  journal.setId(backup, 0, 'id-0');
  journal.setSession(backup, 0, { uri: 'https://session', startedAt: 5 });

  journal.setId(backup, 0, 'id-1');
  assert.equal(journal.files(backup)[0]!.session, undefined);
  journal.setSession(backup, 0, { uri: 'https://other', startedAt: 6 });
  journal.setStored(backup, 0);

  assert.deepEqual(journal.files(backup)[0], { n: 0, made, id: 'id-1', session: undefined, stored: true });
  assert.equal(journal.spooled().size, 0);
});

test('dropping files drops those from there on, and a manifest that counted them', () => {
  const journal = open();
  journal.begin(plan);
  for (const n of [0, 1, 2, manifestNumber]) journal.addFile(backup, n, made);

  journal.dropFiles(backup, 1);

  assert.deepEqual(
    journal.files(backup).map(({ n }) => n),
    [0],
  );
});

test('what has ended is forgotten whole', () => {
  const journal = open();
  journal.begin(plan);
  journal.addFile(backup, 0, made);
  journal.setStream(backup, { bytes: 1, sha256: hash, type: 'filesystem' });

  journal.end(backup);

  assert.deepEqual([journal.inFlight(), journal.files(backup)], [[], []]);
});

test('a journal that is no database is set aside and told, and a new one begun', () => {
  writeFileSync(
    join(folder, 'journal.sqlite'),
    'this is not a database, and long enough to be read as one'.repeat(50),
  );

  const journal = open();

  assert.equal(damaged, 1);
  assert.deepEqual(journal.inFlight(), []);
  assert.ok(statSync(join(folder, 'journal.sqlite.damaged')).size > 0);
});

test('nobody else may read it: session URIs are secrets', () => {
  open().close();

  assert.equal(statSync(join(folder, 'journal.sqlite')).mode & 0o077, 0);
});
