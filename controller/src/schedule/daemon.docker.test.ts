// `haven up` with a clock that can be set forward, the no-op image and a fake zfs.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { groundApp, makeGround } from '../../testing/ground.ts';
import { takeLock } from '../history/lock.ts';
import { homeAt } from '../home.ts';
import { keepUp } from './daemon.ts';
import { tick } from './tick.ts';

before(ensureNoop);

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await sleep(50);
  }
}

test('it waits for a configuration, runs what comes due once, and ends when it is told to', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  ground.writeConfig({ schedule: '0 3 * * *' });
  const config = join(ground.folder, 'haven.yaml');
  renameSync(config, `${config}.later`);
  const stopping = new AbortController();
  const said: string[] = [];
  const clock = { offsetMs: 0 };
  const up = keepUp(
    {
      home: homeAt(ground.folder),
      log: pino({ level: 'info' }, { write: (line: string) => void said.push(line) }),
      now: () => new Date(Date.now() + clock.offsetMs),
      randomHex: () => 'abcdef',
      signal: stopping.signal,
      onEvent: () => {},
    },
    { tickMs: 100, lookMs: 50 },
  );

  await until('it says what is missing', () => said.join('').includes('haven.yaml does not exist'));
  assert.ok(existsSync(join(ground.folder, 'haven.example.yaml')));
  renameSync(`${config}.later`, config);
  await until('it has read the configuration', () => said.join('').includes('scheduled'));
  const { history } = groundApp(context, ground);
  assert.deepEqual(history.runs({}), []);
  clock.offsetMs = 3 * 24 * 3600 * 1000;
  await until(
    'the backup that was missed three times is made once',
    () => history.runs({}).filter(({ ended }) => ended !== null).length === 2,
  );
  await sleep(500);
  stopping.abort();
  await up;

  const runs = history.runs({});
  assert.deepEqual(
    runs.map(({ outcome, trigger }) => [outcome, trigger]),
    [
      ['ok', 'after-backup'],
      ['ok', 'schedule'],
    ],
  );
  assert.ok(said.every((line) => !line.includes('secret place')));
  assert.match(
    readFileSync(join(ground.folder, 'runs', runs[1]!.id, 'request.json'), 'utf8'),
    /"verb": "backup"/,
  );
});

test('when it is told to stop, the run under way is stopped and recorded first', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  ground.writeConfig({ schedule: '* * * * *', settings: { script: { sleepMs: 60_000 } } });
  const stopping = new AbortController();
  const clock = { offsetMs: 0 };
  const { history } = groundApp(context, ground);
  const up = keepUp(
    {
      home: homeAt(ground.folder),
      log: pino({ level: 'silent' }),
      now: () => new Date(Date.now() + clock.offsetMs),
      randomHex: () => 'abcdef',
      signal: stopping.signal,
      onEvent: (verb) => {
        if (verb === 'backup') stopping.abort();
      },
    },
    { tickMs: 50, lookMs: 50 },
  );

  await sleep(300);
  clock.offsetMs = 120_000;
  await up;

  assert.deepEqual(
    history.runs({}).map(({ outcome, exit }) => [outcome, exit]),
    [['interrupted', 143]],
  );
});

test('a tick runs what is due, and nothing twice; why is in the history', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  ground.writeConfig({ schedule: '0 3 * * *' });
  const clock = { now: new Date('2026-05-01T12:00:00Z') };
  const app = { ...groundApp(context, ground), now: () => clock.now };

  const first = await tick(app);
  clock.now = new Date('2026-05-02T12:00:00Z');
  app.history.setPause('backup-b', { since: clock.now, until: new Date('2026-05-04T12:00:00Z'), reason: '' });
  const paused = await tick(app);
  clock.now = new Date('2026-05-04T12:00:00Z');
  const caughtUp = await tick(app);
  const again = await tick(app);

  assert.deepEqual([first, paused, again], Array(3).fill({ runs: [], refused: [] }));
  assert.deepEqual(caughtUp.refused, []);
  assert.deepEqual(
    caughtUp.runs.map(({ outcome }) => outcome),
    ['ok', 'ok'],
    'the backup and its audit',
  );
  assert.deepEqual(
    app.history.decisions(10).map(({ job, what, due }) => [job, what, due.toISOString()]),
    [
      ['backup-b', 'caught-up', '2026-05-02T03:00:00.000Z'],
      ['backup-b', 'paused', '2026-05-02T03:00:00.000Z'],
    ],
  );
});

test('an audit with a schedule of its own runs without a backup, and is recorded as the schedule’s', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  ground.writeConfig({ section: { audit: { schedule: '0 12 * * *' } } });
  const clock = { now: new Date('2026-05-01T11:00:00Z') };
  const app = { ...groundApp(context, ground), now: () => clock.now };
  await tick(app);
  clock.now = new Date('2026-05-01T12:01:00Z');

  const { runs, refused } = await tick(app);

  assert.deepEqual([runs.length, runs[0]?.outcome, refused], [1, 'ok', []]);
  assert.deepEqual(
    app.history.runs({}).map(({ kind, trigger }) => [kind, trigger]),
    [['audit', 'schedule']],
  );
  assert.deepEqual(
    app.history.decisions(10).map(({ job, what }) => [job, what]),
    [['audit-b', 'ran']],
  );
});

test('a tick leaves a run of another process alone, and says that its time came meanwhile', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  ground.writeConfig({ schedule: '0 3 * * *' });
  const clock = { now: new Date('2026-05-01T02:00:00Z') };
  const app = { ...groundApp(context, ground), now: () => clock.now };
  const lock = takeLock(app.home.locks, 'backup-b');
  context.after(() => lock.release());
  app.history.begin({ id: 'r1', kind: 'backup', strategy: 'b', trigger: 'hand', started: clock.now });
  clock.now = new Date('2026-05-01T04:00:00Z');

  assert.deepEqual(await tick(app), { runs: [], refused: [] });
  assert.deepEqual(
    app.history.decisions(10).map(({ what }) => what),
    ['overlapped'],
  );
});
