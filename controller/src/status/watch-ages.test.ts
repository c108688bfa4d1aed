import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import { readStatus } from './status.ts';
import { tellAges, watchAges } from './watch-ages.ts';

const first = Date.parse('2026-11-26T08:00:00Z');

test('the daemon tells of what is scheduled, and of its age alone: nothing ran, and nothing failed', async (context) => {
  const ground = makeGround(context);
  ground.writeConfig({ strategies: ['a', 'b'], schedule: '0 3 * * *' });
  const told: [string, boolean, string | null][] = [];
  const app = groundApp(context, ground);
  const notifier = {
    ...app.notifier,
    aged: async (...given: [string, boolean, string | null]) => void told.push(given),
  };
  const at = (hours: number): App => ({ ...app, notifier, now: () => new Date(first + hours * 3_600_000) });
  readStatus(at(0));

  await tellAges(at(31));
  await tellAges(at(55));

  assert.deepEqual(told, [
    ['backup-a', false, null],
    ['backup-b', false, null],
    ['backup-a', true, null],
    ['backup-b', true, null],
  ]);
});

test('a history that cannot be read does not end the watch, and being told to stop does', async (context) => {
  const app = groundApp(context, makeGround(context));
  const stopping = new AbortController();
  let looks = 0;
  const history = {
    ...app.history,
    runs: () => {
      looks += 1;
      stopping.abort();
      throw new Error('malformed');
    },
  };

  await watchAges({ ...app, history }, stopping.signal);

  assert.equal(looks, 1);
});
