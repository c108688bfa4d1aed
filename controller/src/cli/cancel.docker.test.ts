// `haven cancel` from another process than the one that runs: the history is all that both share.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { quietSurroundings, said } from '../../testing/command-line.ts';
import { docker, ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { type Ground, groundApp, makeGround } from '../../testing/ground.ts';
import { runBackup } from '../runs/backup.ts';

import { jobsOf, nextDue } from '../schedule/due.ts';
import { pastOf } from '../schedule/past.ts';
import { strategyB } from '../strategies/b.ts';

before(ensureNoop);

const cancel = ({ folder }: Ground, ...args: string[]) =>
  said(['--home', folder, 'cancel', ...args], {
    ...quietSurroundings,
    now: () => new Date(),
    signal: new AbortController().signal,
  });

test('a run of the schedule is stopped, recorded as interrupted, and not begun again', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  ground.writeConfig({ schedule: '0 3 1 1 *', settings: { script: { sleepMs: 300_000 } } });
  const app = groundApp(context, ground);
  const running = runBackup(app, strategyB, { kind: 'auto', trigger: 'schedule' });
  while ((await docker('ps', '--quiet', '--filter', `name=^/${ground.name}-strategy-b$`)) === '')
    await sleep(100);

  const { exit, stdout } = await cancel(ground);
  const summary = await running;

  assert.equal(exit, 0, stdout);
  assert.match(stdout, new RegExp(`${summary.run}: interrupted\\.`));
  assert.deepEqual([summary.outcome, summary.exit], ['interrupted', 143]);
  assert.equal(await docker('ps', '--all', '--quiet', '--filter', `name=^/${ground.name}-`), '');
  const [job] = jobsOf(app.config);
  const now = new Date();
  const next = nextDue(job!, pastOf(app.history, job!, now), 'UTC', now);
  assert.ok(next!.getTime() - now.getTime() > 3_600_000, 'not a quarter of an hour later, as after a reboot');
});

test('what is not clear is refused, with what there is', async (context) => {
  const ground = makeGround(context);
  const app = groundApp(context, ground);
  const begin = (id: string, kind: 'backup' | 'drill') =>
    app.history.begin({ id, kind, strategy: 'b', trigger: 'hand', started: new Date() });

  const none = await cancel(ground);
  begin('r1', 'backup');
  const wrong = await cancel(ground, 'r7');
  begin('r2', 'drill');
  const several = await cancel(ground);

  assert.deepEqual([none.exit, wrong.exit, several.exit], [3, 3, 3]);
  assert.match(none.stderr, /nothing is under way/);
  assert.match(wrong.stderr, /no run under way is called r7[\s\S]*under way: r1/);
  assert.match(several.stderr, /2 runs are under way[\s\S]*r1/);
});
