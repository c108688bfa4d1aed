// Prune by Docker, with the no-op image in strategy B's place: what is asked of it, what is believed, and what a backup is kept away from.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import { takeLock } from '../history/lock.ts';
import { strategyB } from '../strategies/b.ts';
import { applyPrune, planPrune } from './prune.ts';

before(ensureNoop);

const digest = '3f'.repeat(32);
const chain = {
  ...{ event: 'planned', what: 'chain', source: 'home', backups: 1, files: 3, storedBytes: 900 },
  ...{ proven: false, reason: 'as the script says' },
};
const events = [
  { ...chain, id: '0a'.repeat(16), goes: true },
  { ...chain, id: '0b'.repeat(16), goes: false },
];
const plan = { digest, goes: 1, stays: 1, files: 3, storedBytes: 900 };

interface Prepared {
  app: App;
  requests: () => { proven: string[]; plan?: object }[];
}

function prepare(context: TestContext, script: object): Prepared {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  ground.writeConfig({ settings: { script } });
  const app = groundApp(context, ground);
  const requests = () =>
    readdirSync(app.home.runs).map((run) =>
      JSON.parse(readFileSync(join(app.home.runs, run, 'request.json'), 'utf8')),
    );
  return { app, requests };
}

test('a plan looks, is not recorded, and does not wait for a backup that is under way', async (context) => {
  const { app } = prepare(context, { events, result: { plan } });
  const lock = takeLock(app.home.locks, 'backup-b');

  const made = await planPrune(app, strategyB);

  lock.release();
  assert.deepEqual([made.plan, made.planned.length, made.error], [plan, 2, null]);
  assert.deepEqual(app.history.runs({}), []);
});

test('carrying it out waits for no backup: busy', async (context) => {
  const { app } = prepare(context, { events, result: { plan } });
  const lock = takeLock(app.home.locks, 'backup-b');

  await assert.rejects(
    applyPrune(app, strategyB, undefined, () => {}),
    /another backup-b run is under way/,
  );

  lock.release();
});

test('exactly the plan that was shown is asked for, with the drills that were passed, and recorded', async (context) => {
  const pruned = { files: 3, failed: 0, storedBytes: 900 };
  const apply = { result: { plan, pruned } };
  const { app, requests } = prepare(context, { prune: { events, result: { plan } }, 'prune-apply': apply });
  const shown: number[] = [];
  const drilled = { ok: true, value: { id: '0b'.repeat(16) } };
  const step = { ok: true, value: {} };
  const evidence = { backup: drilled, fetched: step, received: step, compared: step };
  app.history.begin({ id: 'd-1', kind: 'drill', strategy: 'b', trigger: 'hand', started: new Date() });
  const result = { sources: [{ pass: true, evidence }] };
  app.history.end('d-1', { ended: new Date(), outcome: 'ok', exit: 0, error: null, result });

  const done = await applyPrune(app, strategyB, digest.slice(0, 8), ({ planned }) =>
    shown.push(planned.length),
  );

  assert.deepEqual([done.applied?.outcome, done.exit, shown], ['ok', 0, [2]]);
  const [request] = requests();
  assert.deepEqual([request?.proven, request?.plan], [['0b'.repeat(16)], { digest }]);
  assert.deepEqual(
    app.history.runs({ kind: 'prune' }).map(({ trigger, exit }) => [trigger, exit]),
    [['hand', 0]],
  );
});

test('an image that deletes when only a plan was asked for is found out', async (context) => {
  const pruned = { files: 3, failed: 0, storedBytes: 900 };
  const { app } = prepare(context, { events, result: { plan, pruned } });

  await assert.rejects(planPrune(app, strategyB), /only a plan was asked for/);
});

test('another plan than the one that was seen is not carried out', async (context) => {
  const { app } = prepare(context, { events, result: { plan } });

  await assert.rejects(
    applyPrune(app, strategyB, 'abcdef012345', () => assert.fail('shown')),
    /is not the plan/,
  );

  assert.deepEqual(app.history.runs({ kind: 'prune' }), []);
});

test('a failed deletion is recorded as one, and is the status of the command', async (context) => {
  const pruned = { files: 2, failed: 1, storedBytes: 600 };
  const apply = { exitCode: 1, result: { plan, pruned } };
  const { app } = prepare(context, { prune: { events, result: { plan } }, 'prune-apply': apply });

  const done = await applyPrune(app, strategyB, undefined, () => {});

  assert.deepEqual([done.applied?.outcome, done.applied?.exit], ['failed', 1]);
  assert.equal(app.history.runs({ kind: 'prune' })[0]!.outcome, 'failed');
});

test('only who deletes may write the state, under the name that is the backups’ lock', async (context) => {
  const { app } = prepare(context, { prune: { events, result: { plan } } });
  const seen: string[] = [];
  app.onEvent = (_verb, event) => {
    if (event.event !== 'note') return;
    const given = JSON.parse((event as unknown as { message: string }).message) as { mounts: string };
    seen.push(
      given.mounts
        .split('\n')
        .find((mount) => mount.startsWith('/haven/state '))!
        .split(/[ ,]/)[1]!,
    );
  };

  await applyPrune(app, strategyB, undefined, () => {});

  assert.deepEqual(seen, ['ro', 'rw']);
});

test('a refusal shows all that stays, and is exit 30', async (context) => {
  const refused = { ...plan, goes: 0, stays: 1, files: 0, storedBytes: 0 };
  const { app } = prepare(context, { exitCode: 30, events: events.slice(1), result: { plan: refused } });

  const done = await applyPrune(app, strategyB, undefined, () => {});

  assert.deepEqual([done.exit, done.error?.code, done.applied], [30, 'damaged', null]);
});

for (const [name, script] of [
  ['counts more than it tells', { events, result: { plan: { ...plan, stays: 2 } } }],
  ['says that nothing goes and names one', { events, result: { plan: { ...plan, goes: 0, stays: 2 } } }],
] as const) {
  test(`a plan that ${name} is no plan`, async (context) => {
    const { app } = prepare(context, script);

    await assert.rejects(planPrune(app, strategyB), /cannot be believed|contradicts itself/);
  });
}
