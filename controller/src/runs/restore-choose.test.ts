import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backup } from '../contract/events.ts';
import { type ErrorReport, HavenError } from '../errors.ts';
import { strategyB } from '../strategies/b.ts';
import { chooseBackup, readAsOf } from './restore-choose.ts';

function backup(id: string, createdAt: string, more: Partial<Backup> = {}): Backup {
  const sizes = { parts: 1, streamBytes: 1000, streamSha256: 'ab'.repeat(32), storedBytes: 500 };
  const full = { chain: id, kind: 'full', base: null, source: 'home', type: 'filesystem' } as const;
  return { id, guid: '1', createdAt, committedAt: createdAt, ...full, ...sizes, ...more };
}

const full = backup('0a0a0a0a', '2026-11-20T20:00:00Z');
const second = backup('1b1b1b1b', '2026-11-21T20:00:00Z', {
  ...{ kind: 'incremental', chain: full.id, base: full.id },
});
const third = backup('1c1c1c1c', '2026-11-22T20:00:00Z', {
  ...{ kind: 'incremental', chain: full.id, base: second.id },
});
const other = backup('0d0d0d0d', '2026-11-23T20:00:00Z', { source: 'photos' });
const listing = { backups: [other, third, second, full], incomplete: [], incompleteCount: 0 };

const choose = (wanted: object, among = listing): string[] =>
  chooseBackup(strategyB, among, { source: 'home', ...wanted }).map(({ id }) => id);

function refusal(act: () => unknown): ErrorReport {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof HavenError) return thrown.report;
    throw thrown;
  }
  return assert.fail('was accepted');
}

test('without more words it is the newest of that source, with all that it builds upon', () => {
  assert.deepEqual(choose({}), [full.id, second.id, third.id]);
});

test('a backup is named by its beginning', () => {
  assert.deepEqual(choose({ backup: '1b' }), [full.id, second.id]);
});

test('what was made later than the date that was asked for is not restored', () => {
  assert.deepEqual(choose({ asOf: new Date('2026-11-22T19:59:59Z') }), [full.id, second.id]);
  assert.deepEqual(choose({ asOf: new Date(full.createdAt) }), [full.id]);
});

test('each wrong wish is refused with what there is, and how to see it', () => {
  const cases: [object, RegExp][] = [
    [{ source: 'mail' }, /no backup of mail; there are some of photos, home/],
    [{ backup: '1' }, /several backups of home begin with 1/],
    [{ backup: '0d0d' }, /no backup of home begins with 0d0d/],
    [{ asOf: new Date('2026-11-01') }, /that old; the oldest is of 2026-11-20T20:00:00Z/],
  ];
  for (const [wanted, words] of cases) {
    const report = refusal(() => choose(wanted));
    assert.match(report.message, words);
    assert.deepEqual([report.code, report.hint], ['bad-request', '`haven list b` shows what there is']);
  }
});

test('a chain with a gap is damage, not a wrong wish', () => {
  const report = refusal(() => choose({ backup: '1c' }, { ...listing, backups: [third, full] }));
  assert.equal(report.code, 'damaged');
  assert.match(report.message, /which 1c1c1c1c builds upon, is not in the store/);
});

test('a day means its end in the configured zone, a time means itself, and what is no date is refused', () => {
  assert.equal(readAsOf('2026-11-20', 'America/New_York').toISOString(), '2026-11-21T04:59:59.999Z');
  assert.equal(readAsOf('2026-11-20T20:00', 'America/New_York').toISOString(), '2026-11-21T01:00:00.000Z');
  assert.equal(readAsOf('2026-11-20T20:00Z', 'America/New_York').toISOString(), '2026-11-20T20:00:00.000Z');
  for (const wrong of ['yesterday', '2026-02-30', '2026-13-01', '20', '2026-11-20T25:00', ''])
    assert.equal(refusal(() => readAsOf(wrong, 'UTC')).code, 'bad-request', wrong);
});

test('a backup of the very midnight at which a day ends is of the next day', () => {
  const midnight = backup('0e0e0e0e', '2026-11-21T00:00:00Z');
  const backups = [midnight, full];
  assert.deepEqual(choose({ asOf: readAsOf('2026-11-20', 'UTC') }, { ...listing, backups }), [full.id]);
});
