import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { createManualClock, type ManualClock } from '../testing/manual-clock.ts';
import { openDailyAllowance } from './daily-allowance.ts';

const folder = mkdtempSync(join(tmpdir(), 'haven-allowance-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'state', 'sent.json');
const hour = 3600_000;
const perDay = 750e9;
let clock: ManualClock;

beforeEach(() => {
  rmSync(path, { force: true });
  clock = createManualClock(1e12);
});

test('bytes wait until enough of the last 24 hours has gone by', () => {
  const allowance = openDailyAllowance(path, perDay, clock);
  allowance.spend(400e9);
  clock.pass(6 * hour);
  allowance.spend(350e9);

  const atOnce = allowance.waitFor(1);
  const much = allowance.waitFor(400e9 + 1);
  clock.pass(18 * hour);

  assert.equal(atOnce, 18 * hour);
  assert.equal(much, 24 * hour);
  assert.equal(allowance.waitFor(400e9), 0);
  assert.equal(allowance.waitFor(400e9 + 1), 6 * hour);
});

test('the count survives a restart', () => {
  const first = openDailyAllowance(path, perDay, clock);
  first.spend(750e9);
  first.save();

  assert.equal(openDailyAllowance(path, perDay, clock).waitFor(1), 24 * hour);
});

test('a crash forgets a minute’s worth at most', () => {
  const crashed = openDailyAllowance(path, perDay, clock);
  for (let second = 0; second < 90; second += 1) {
    crashed.spend(1e9);
    clock.pass(1000);
  }

  const next = openDailyAllowance(path, 30e9, clock);

  assert.ok(next.waitFor(1) > 0);
});

test('a record that cannot be read is none', () => {
  openDailyAllowance(path, perDay, clock).save();
  const allowance = openDailyAllowance(path, perDay, clock);
  allowance.spend(1);
  allowance.save();
  for (const damaged of ['', '{', '{"at":1}', '[{"at":"x","bytes":1}]', '[{"at":1,"bytes":-5}]']) {
    writeFileSync(path, damaged);

    assert.equal(openDailyAllowance(path, perDay, clock).waitFor(perDay), 0, damaged);
  }
});

test('a clock that was wrong and is set back does not block for years', () => {
  clock.pass(5 * 365 * 24 * hour);
  const wrong = openDailyAllowance(path, perDay, clock);
  wrong.spend(750e9);
  wrong.save();

  const right = openDailyAllowance(path, perDay, createManualClock(1e12));

  assert.equal(right.waitFor(1), 24 * hour);
});

test('more at once than a whole day’s allowance goes alone', () => {
  const allowance = openDailyAllowance(path, 1000, clock);

  assert.equal(allowance.waitFor(5000), 0);
  allowance.spend(5000);
  assert.equal(allowance.waitFor(5000), 24 * hour);
});

test('a record is small, however many chunks and days, and forgets what is over', () => {
  const allowance = openDailyAllowance(path, 1e12, clock);
  for (let chunk = 0; chunk < 200; chunk += 1) {
    allowance.spend(8e6);
    clock.pass(10 * 60_000);
  }
  allowance.save();

  const entries = JSON.parse(readFileSync(path, 'utf8')) as { at: number; bytes: number }[];

  assert.ok(entries.length <= 97, `${entries.length}`);
  assert.ok(entries.every(({ at }) => at > clock.now() - 25 * hour));
  // Of 144 chunks a day; a quarter of an hour counts until its last chunk is a day old.
  const sum = entries.reduce((total, { bytes }) => total + bytes, 0);
  assert.ok(sum >= 143 * 8e6 && sum <= 146 * 8e6, `${sum}`);
});
