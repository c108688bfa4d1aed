import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BadTimetable, meanRate, parseTimetable, rateAt } from './timetable.ts';

const off = Number.POSITIVE_INFINITY;
const at = (day: number, hours: number, minutes = 0) => (day * 24 + hours) * 60 + minutes;

for (const [text, rate] of [
  ['512k', 512 * 1024],
  ['512', 512 * 1024],
  ['1.5M', 1.5 * 1024 ** 2],
  ['10Mi', 10 * 1024 ** 2],
  ['10MiB', 10 * 1024 ** 2],
  ['1g', 1024 ** 3],
  ['2048b', 2048],
  ['off', off],
] as const) {
  test(`${text} is ${rate} bytes a second, always`, () => {
    assert.deepEqual(parseTimetable(text), [{ minute: 0, rate }]);
  });
}

test('a time without a day is for each day, and the evening lasts until the morning', () => {
  const table = parseTimetable('23:00,off 08:00,512k');

  for (let day = 0; day < 7; day += 1) {
    assert.equal(rateAt(table, at(day, 7, 59)), off);
    assert.equal(rateAt(table, at(day, 8)), 512 * 1024);
    assert.equal(rateAt(table, at(day, 22, 59)), 512 * 1024);
    assert.equal(rateAt(table, at(day, 23)), off);
  }
});

test('rclone’s own example with weekdays', () => {
  const table = parseTimetable('Mon-00:00,512k Fri-23:59,10M Sat-10:00,1M Sun-20:00,off');

  assert.equal(rateAt(table, at(0, 0)), 512 * 1024);
  assert.equal(rateAt(table, at(4, 23, 58)), 512 * 1024);
  assert.equal(rateAt(table, at(4, 23, 59)), 10 * 1024 ** 2);
  assert.equal(rateAt(table, at(5, 10)), 1024 ** 2);
  assert.equal(rateAt(table, at(6, 19, 59)), 1024 ** 2);
  assert.equal(rateAt(table, at(6, 20)), off);
});

test('the last slot of the week lasts until the first', () => {
  const table = parseTimetable('Wednesday-12:00,1M sat-00:00,2M');

  assert.equal(rateAt(table, at(0, 0)), 2 * 1024 ** 2);
  assert.equal(rateAt(table, at(2, 12)), 1024 ** 2);
});

test('a pause is a rate of nothing', () => {
  const table = parseTimetable('08:00,pause 18:00,1M');

  assert.deepEqual([rateAt(table, at(3, 12)), rateAt(table, at(3, 18))], [0, 1024 ** 2]);
});

test('the mean of a week counts each slot by its length', () => {
  assert.equal(meanRate(parseTimetable('100k')), 102_400);
  assert.equal(Math.round(meanRate(parseTimetable('06:00,pause 12:00,4k'))), 3072);
  assert.equal(meanRate(parseTimetable('06:00,1k 12:00,off')), off);
  assert.equal(meanRate(parseTimetable('pause')), 0);
});

for (const [text, why] of [
  ['', /empty/],
  ['fast', /"fast" is not a rate/],
  ['-5k', /not a rate/],
  ['5kk', /not a rate/],
  ['0', /off for no limit, or pause/],
  ['0.0001k', /say off|slower than 1k/],
  ['100b', /slower than 1k/],
  ['10M:1M', /one rate and not two/],
  ['8:00,512k', /"8:00,512k" is not a time and a rate/],
  ['24:00,512k', /not a time and a rate/],
  ['08:60,512k', /not a time and a rate/],
  ['08:00', /"08:00"/],
  ['08:00,512k 23:00', /"23:00" is not a time and a rate/],
  ['08:00,512k,23:00,off', /is not a time and a rate/],
  ['Funday-08:00,512k', /"Funday" is not a day/],
  ['08:00,512k Mon-08:00,1M', /two rates for monday 08:00/],
] as const) {
  test(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseTimetable(text),
      (error) => error instanceof BadTimetable && why.test(error.message),
    );
  });
}
