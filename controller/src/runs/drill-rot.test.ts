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
    strategy: 'b',
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
