// All can be restored, and yet nothing is well: what a drill must find without a single byte being wrong.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { datasetName, groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import type { Verdict } from '../drill/verdict.ts';
import { findRot } from './drill-rot.ts';
import { sumUp } from './drill-verdict.ts';

const now = new Date('2026-11-26T08:00:00Z');
const home = { id: 'home', dataset: datasetName };
const fresh = { source: 'home', createdAt: '2026-11-26T03:00:00Z' };
const old = { source: 'home', createdAt: '2026-11-19T03:00:00Z' };

function prepare(context: TestContext, schedule?: string): App {
  const ground = makeGround(context);
  ground.writeConfig(schedule === undefined ? {} : { schedule });
  return { ...groundApp(context, ground), now: () => now };
}

test('the newest backup in the store counts, whatever the history says', (context) => {
  const app = prepare(context, '0 3 * * *');
  app.history.begin({ id: 'x', kind: 'backup', strategy: 'b', trigger: 'schedule', started: now });
  app.history.end('x', { ended: now, outcome: 'ok', exit: 0, error: null, result: null });

  assert.deepEqual(findRot(app, 'b', [old, fresh], [home]), []);
  assert.deepEqual(findRot(app, 'b', [old], [home]), [
    'the newest backup of home was made 7 days ago, and the schedule promises more',
  ]);
});

test('without a schedule no age is too old', (context) => {
  assert.deepEqual(findRot(prepare(context), 'b', [old], [home]), []);
});

test('a schedule that never began anything is told, however fresh what was made by other means', (context) => {
  const clock = { now };
  const app = { ...prepare(context, '0 3 * * *'), now: () => clock.now };
  const told = () => findRot(app, 'b', [{ ...fresh, createdAt: clock.now.toISOString() }], [home]);
  assert.deepEqual(told(), []);
  clock.now = new Date('2026-11-27T08:59:00Z');
  assert.deepEqual(told(), [], 'six hours are allowed');
  clock.now = new Date('2026-11-27T09:01:00Z');

  assert.deepEqual(told(), [
    'backup-b has never begun by its schedule, and should have at 2026-11-27T03:00:00.000Z',
  ]);
  app.history.begin({ id: 'x', kind: 'backup', strategy: 'b', trigger: 'hand', started: clock.now });
  assert.deepEqual(told(), [], 'it is under way');
  app.history.end('x', { ended: clock.now, outcome: 'ok', exit: 0, error: null, result: null });
  clock.now = new Date('2026-11-28T10:00:00Z');
  assert.match(told()[0] ?? '', /^backup-b has not begun by its schedule, .* 2026-11-28T03/);
  const pause = { since: clock.now, until: new Date('2026-11-29T00:00:00Z'), reason: '' };
  app.history.setPause('backup-b', pause);
  assert.deepEqual(told(), [], 'it is paused');
});

test('a dataset that vanished from the configuration is told until it is retired; its children go with it', (context) => {
  const app = prepare(context, '0 3 * * *');
  const child = { source: 'photos-0123abcd', createdAt: fresh.createdAt };
  const stored = [fresh, { ...fresh, source: 'photos' }, child, { ...child, source: 'home-0123abcd' }];

  const told = findRot(app, 'b', stored, [home]);
  app.config.retired = ['photos'];

  assert.deepEqual(
    told.map((reason) => reason.split(' ')[0]),
    ['photos', 'photos-0123abcd'],
  );
  assert.deepEqual(findRot(app, 'b', stored, [home]), []);
});

test('a drill that restored everything is no pass while something rots, and says so first', () => {
  const green = { pass: true, sentence: 'home: proven restorable.' } as Verdict;
  const given = {
    run: 'r',
    level: 'restore',
    strategy: { name: 'b', reads: 'streams' },
    startedAt: now,
    endedAt: now,
    rotation: null,
    preflight: null,
  } as const;

  const verdict = sumUp({ ...given, sources: [green], rot: ['photos has backups'] });

  assert.equal(verdict.pass, false);
  assert.equal(verdict.sentence, 'NOT as it should be: photos has backups. home: proven restorable.');
  assert.equal(sumUp({ ...given, sources: [green], rot: [] }).pass, true);
});
