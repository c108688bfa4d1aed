import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createManualClock, type ManualClock } from '../testing/manual-clock.ts';
import type { DailyAllowance } from './daily-allowance.ts';
import { createLine, type Line } from './line.ts';
import { parseTimetable } from './timetable.ts';

const mib = 1024 ** 2;
const { signal } = new AbortController();
let clock: ManualClock;
let told: string[];
let spent: number;
const endless: DailyAllowance = { waitFor: () => 0, spend: () => undefined, save: () => undefined };

beforeEach(() => {
  clock = createManualClock(Date.parse('2026-11-23T07:30:00Z')); // a Monday
  told = [];
  spent = 0;
});

function line(limit: string, allowance = endless, timezone = 'UTC'): Line {
  const onWait = (reason: string) => void told.push(reason);
  return createLine({ timetable: parseTimetable(limit), timezone, allowance, clock, onWait });
}

test('without a limit a chunk goes at once and whole', async () => {
  assert.deepEqual(await line('off').clear(8 * mib, signal), { bytes: 8 * mib, waited: false });
});

test('under a limit a chunk is a minute’s worth, of the granularity that Google wants', async () => {
  assert.equal((await line('64k').clear(8 * mib, signal)).bytes, 3.75 * mib);
  assert.equal((await line('8k').clear(8 * mib, signal)).bytes, mib / 4);
  assert.equal((await line('1k').clear(8 * mib, signal)).bytes, mib / 4);
  assert.equal((await line('10M').clear(8 * mib, signal)).bytes, 8 * mib);
  assert.equal((await line('8k').clear(1000, signal)).bytes, 1000, 'the last one is what is left');
});

test('a pause is waited out, and told once', async () => {
  const { waited } = await line('07:00,pause 18:00,1M').clear(mib, signal);

  assert.ok(waited);
  assert.equal(new Date(clock.now()).toISOString(), '2026-11-23T18:00:00.000Z');
  assert.deepEqual(told, ['paused']);
});

test('the times are those of the time zone', async () => {
  await line('07:00,pause 18:00,1M', endless, 'Europe/Berlin').clear(mib, signal);

  assert.equal(new Date(clock.now()).toISOString(), '2026-11-23T17:00:00.000Z');
});

test('a chunk under way when a pause begins goes on at the rate before it', async () => {
  const { pace } = line('00:00,64k 07:31,pause');
  await pace.take(64 * 1024, signal);
  clock.pass(120_000);
  const at = clock.now();

  for (let slices = 0; slices < 100; slices += 1) await pace.take(6400, signal);

  const seconds = (clock.now() - at) / 1000;
  assert.ok(seconds > 8 && seconds < 11, `${seconds} s for 625 KiB`);
});

test('the rate changes in the middle of a chunk', async () => {
  const { pace } = line('07:00,64k 07:31,640k');
  let sent = 0;
  const end = clock.now() + 120_000;
  while (clock.now() < end) {
    const slice = pace.sliceBytes();
    await pace.take(slice, signal);
    sent += slice;
  }

  assert.ok(Math.abs(sent / (60 * 704 * 1024) - 1) < 0.05, `${sent}`);
});

test('a used-up day is waited out, written down first, and told', async () => {
  const until = clock.now() + 5 * 3600_000;
  let saved = 0;
  const allowance: DailyAllowance = {
    waitFor: () => Math.max(0, until - clock.now()),
    spend: (bytes) => {
      spent += bytes;
    },
    save: () => {
      saved += 1;
    },
  };

  const cleared = await line('off', allowance).clear(mib, signal);

  assert.deepEqual([cleared, clock.now(), spent, saved], [{ bytes: mib, waited: true }, until, 0, 1]);
  assert.deepEqual(told, ['daily-limit']);
});

test('a day that is open again in a pause waits for the window', async () => {
  const until = Date.parse('2026-11-23T12:00:00Z');
  const allowance = { ...endless, waitFor: () => Math.max(0, until - clock.now()) };

  await line('00:00,1M 11:00,pause 20:00,1M', allowance).clear(mib, signal);

  assert.equal(new Date(clock.now()).toISOString(), '2026-11-23T20:00:00.000Z');
  assert.deepEqual(told, ['daily-limit', 'paused']);
});

test('a stop ends the wait as interrupted', async () => {
  const waiting = line('07:00,pause 18:00,1M').clear(mib, AbortSignal.abort());

  await assert.rejects(waiting, { code: 'interrupted' });
});
