import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { groundApp, makeGround } from '../../testing/ground.ts';
import { fakeEngine } from '../../testing/healthy.ts';
import { takeLock } from '../history/lock.ts';
import { tick } from './tick.ts';

test('what was due and could not start is not said to have run, and is said once', async (context) => {
  const ground = makeGround(context);
  ground.writeConfig({ schedule: '0 3 * * *' });
  const clock = { now: new Date('2026-05-01T02:00:00Z') };
  const app = { ...groundApp(context, ground), now: () => clock.now };
  await tick(app);
  const lock = takeLock(app.home.locks, 'backup-b');
  context.after(() => lock.release());
  clock.now = new Date('2026-05-01T03:01:00Z');

  const first = await tick(app);
  clock.now = new Date('2026-05-01T03:06:00Z');
  const second = await tick(app);

  assert.deepEqual(
    [first, second].map(({ runs, refused }) => [runs.length, refused.map(({ code }) => code)]),
    [
      [0, ['busy']],
      [0, ['busy']],
    ],
  );
  const [decision, ...more] = app.history.decisions(10);
  assert.deepEqual(more, []);
  assert.equal(decision?.what, 'refused');
  assert.equal(decision?.due.toISOString(), '2026-05-01T03:00:00.000Z');
  assert.match(decision?.reason ?? '', /could not start, and is tried again: another backup-b run/);
});

test('a drill that only reads, due at the hour of a drill, follows it instead of being refused as a second one', async (context) => {
  const ground = makeGround(context);
  const schedule = { b: '0 5 * * *' };
  ground.writeConfig({ drill: { schedule, stream: { schedule } } });
  const clock = { now: new Date('2026-05-01T04:00:00Z') };
  const engine = fakeEngine({
    containers: async () => {
      await sleep(20);
      throw new Error('Docker is away');
    },
  });
  const app = { ...groundApp(context, ground), engine, now: () => clock.now };
  await tick(app);
  clock.now = new Date('2026-05-01T05:01:00Z');

  const { refused } = await tick(app);

  assert.deepEqual(
    refused.map(({ code, message }) => [code, message]),
    [
      ['failed', 'Docker is away'],
      ['failed', 'Docker is away'],
    ],
  );
  assert.deepEqual(
    app.history
      .decisions(10)
      .map(({ job, what }) => [job, what])
      .toSorted(),
    [
      ['drill-b', 'refused'],
      ['stream-b', 'refused'],
    ],
  );
});
