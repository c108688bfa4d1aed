import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groundApp, makeGround } from '../../testing/ground.ts';
import { readStatus } from '../status/status.ts';
import { jobsMeant, pauseEnd } from './pause.ts';

const now = new Date('2026-12-01T08:00:00Z');

for (const [given, until] of [
  ['7d', '2026-12-08T08:00:00.000Z'],
  ['12h', '2026-12-01T20:00:00.000Z'],
  ['2026-12-24', '2026-12-25T00:00:00.000Z'],
  ['2026-12-24T18:00:00+01:00', '2026-12-24T17:00:00.000Z'],
  ['2026-12-01', '2026-12-02T00:00:00.000Z'],
] as const) {
  test(`a pause until ${given}`, () => {
    assert.equal(pauseEnd(given, now, 'UTC').toISOString(), until);
  });
}

for (const [zone, date, from, until] of [
  ['Europe/Berlin', '2026-12-24', '2026-12-01', '2026-12-24T23:00:00.000Z'],
  ['America/New_York', '2026-12-24', '2026-12-01', '2026-12-25T05:00:00.000Z'],
  ['Pacific/Auckland', '2026-12-01', '2026-11-30', '2026-12-01T11:00:00.000Z'],
  // The next day begins at one: that night has no midnight.
  ['America/Santiago', '2026-09-05', '2026-09-01', '2026-09-06T04:00:00.000Z'],
] as const) {
  test(`a pause until ${date} ends with that day in ${zone}`, () => {
    assert.equal(pauseEnd(date, new Date(from), zone).toISOString(), until);
  });
}

for (const [given, why] of [
  ['2026-13-01', /no time/],
  ['2026-12-32', /no time/],
  ['', /no time/],
  ['tomorrow', /no time/],
  ['0d', /no time/],
  ['7', /past|no time/],
  ['2026-11-30', /past/],
  ['2026-12-01T08:00:00Z', /past/],
  ['32d', /31 days/],
  ['2027-12-24', /31 days/],
  ['9999d', /31 days/],
] as const) {
  test(`no pause until '${given}'`, () => {
    assert.throws(() => pauseEnd(given, now, 'UTC'), why);
  });
}

test('a job, a strategy or everything may be meant, and nothing that is not scheduled', (context) => {
  const ground = makeGround(context);
  ground.writeConfig({ strategies: ['a', 'b'], schedule: '0 3 * * *' });
  const app = groundApp(context, ground);
  const names = (...given: string[]) => jobsMeant(app, given).map(({ name }) => name);

  assert.deepEqual(names(), ['backup-a', 'backup-b']);
  assert.deepEqual(names('b'), ['backup-b']);
  assert.deepEqual(names('backup-a', 'a'), ['backup-a']);
  assert.throws(() => names('drill-b'), /nothing that is scheduled is called drill-b/);
});

test('a pause is kept, shown with its reason, hides no age, and ends by itself', (context) => {
  const ground = makeGround(context);
  ground.writeConfig({ schedule: '0 3 * * *' });
  const clock = { now };
  const app = { ...groundApp(context, ground), now: () => clock.now };
  readStatus(app);
  app.history.setPause('backup-b', { since: now, until: pauseEnd('7d', now, 'UTC'), reason: 'moving house' });

  assert.match(
    readStatus(app).sentence,
    /The backup is paused until 2026-12-08 08:00 UTC \(moving house\)\./,
  );
  clock.now = new Date('2026-12-07T08:00:00Z');
  assert.match(readStatus(app).sentence, /paused.*The backup is overdue/);
  clock.now = new Date('2026-12-08T08:00:00Z');
  assert.doesNotMatch(readStatus(app).sentence, /paused/);
  assert.deepEqual(app.history.pauses(clock.now), []);
});
