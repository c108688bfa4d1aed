// Whose turn it is, by the configuration and the history.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import { readStatus } from '../status/status.ts';
import { strategyB } from '../strategies/b.ts';
import type { Chosen } from './drill-choose.ts';
import { choose } from './drill-choose.ts';
import { keepTurns, turnsOf } from './drill-turns.ts';
import { writeKnown } from './known-datasets.ts';

const now = new Date('2026-06-01T05:00:00Z');

function prepare(context: TestContext, drill: Record<string, unknown> = {}): App {
  const ground = makeGround(context);
  ground.writeConfig({
    datasets: { films: { dataset: 'tank/films' }, photos: { dataset: 'tank/photos' } },
    strategies: ['a', 'b'],
    drill: { schedule: { a: '0 5 * * *', b: '0 5 * * *' }, everyDatasetWithinDays: 20, ...drill },
  });
  return { ...groundApp(context, ground), now: () => now };
}

function backup(source: string, more: { guid?: string; createdAt?: string; id?: string } = {}) {
  const id = `full-${source}`;
  return {
    ...{ id, chain: id, kind: 'full', base: null, source, guid: '7', type: 'filesystem' },
    ...{ createdAt: '2026-05-31T20:00:00Z', committedAt: '2026-05-31T21:00:00Z' },
    ...{ parts: 3, storedBytes: 500, streamBytes: 1000 },
    ...more,
  } as never;
}

function chosen(source: string, guid = '7'): Chosen {
  const value = [backup(source, { guid })];
  return { dataset: { id: source, dataset: `tank/${source}` }, chain: { ok: true, value } };
}

function drilled(app: App, source: string, daysAgo: number, pass = true): void {
  const started = new Date(now.getTime() - daysAgo * 86_400_000);
  const step = { ok: true, value: { id: 'x' } };
  const evidence = { source, startedAt: started.toISOString() };
  const steps = { backup: step, fetched: step, received: step, compared: step };
  const id = `drill-${source}-${daysAgo}`;
  const result = { sources: [{ pass, evidence: { ...evidence, ...steps } }] };
  app.history.begin({ id, kind: 'drill', strategy: 'b', trigger: 'schedule', started });
  app.history.end(id, { ended: started, outcome: 'ok', exit: 0, error: null, result });
}

const sources = (turns: { source: string }[] | undefined) => turns?.map(({ source }) => source);

test('who was proven longest ago comes first, and a red drill proves nothing', (context) => {
  const app = prepare(context);
  drilled(app, 'films', 12);
  drilled(app, 'photos', 15);
  drilled(app, 'photos', 1, false);
  drilled(app, 'music', 3);

  const rotation = turnsOf(app, 'b', [chosen('films'), chosen('music'), chosen('photos')]);

  assert.deepEqual([sources(rotation?.now), sources(rotation?.later)], [['photos'], ['films', 'music']]);
});

test('a dataset without a backup that could be restored is never left for later', (context) => {
  const app = prepare(context);
  drilled(app, 'films', 12);
  const lost: Chosen = {
    dataset: { id: 'lost', dataset: 'tank/lost' },
    chain: { ok: false, reason: 'none' },
  };

  const rotation = turnsOf(app, 'b', [chosen('films'), lost]);

  assert.deepEqual(sources(rotation?.now), ['lost', 'films']);
});

test('without the period, everybody’s turn is each time', (context) => {
  assert.equal(
    turnsOf(prepare(context, { everyDatasetWithinDays: undefined }), 'b', [chosen('films')]),
    null,
  );
});

test('what one strategy restores of a snapshot that both have, the other restores as well', () => {
  const turn = (source: string) => ({ source, why: '' });
  const a = {
    strategy: { name: 'a' as const },
    chosen: [chosen('films'), chosen('music'), chosen('photos')],
    rotation: { now: [turn('films')], later: [turn('music'), turn('photos')] },
  };
  const b = {
    strategy: { name: 'b' as const },
    chosen: [chosen('films', '8'), chosen('music'), chosen('photos')],
    rotation: { now: [turn('music')], later: [turn('films'), turn('photos')] },
  };

  keepTurns([a, b]);

  const ids = (side: { chosen: Chosen[] }) => side.chosen.map(({ dataset }) => dataset.id);
  assert.deepEqual([ids(a), ids(b)], [['films', 'music'], ['music']]);
  assert.match(a.rotation.now.find(({ source }) => source === 'music')!.why, /other strategy/);
  assert.deepEqual(sources(b.rotation.later), ['films', 'photos']);
});

test('a dataset whose turn never came is said on the status, though drills are green', (context) => {
  const clock = { now: new Date('2026-05-01T05:00:00Z') };
  const app = { ...prepare(context), now: () => clock.now };
  const known = (id: string) => ({
    [id]: { dataset: `tank/${id}`, root: id, goneSince: null, leftOut: false },
  });
  writeKnown(app.home.datasets.b, { ...known('films'), ...known('photos') });
  assert.doesNotMatch(readStatus(app).sentence, /Not restored/);
  clock.now = now;
  drilled(app, 'films', 1);

  const { sentence, level } = readStatus(app);

  assert.match(sentence, /Not restored by any green drill of b within the promised days: photos\./);
  assert.equal(level, 'overdue');
});

test('as of a day: the newest backup that is no younger; what was not yet there is left out', () => {
  const datasets = ['films', 'photos'].map((id) => ({ id, dataset: `tank/${id}` }));
  const backups = [
    backup('films', { id: 'f3', createdAt: '2026-05-30T00:00:00Z' }),
    backup('photos', { id: 'p2', createdAt: '2026-05-29T00:00:00Z' }),
    backup('films', { id: 'f2', createdAt: '2026-05-20T00:00:00Z' }),
    backup('films', { id: 'f1', createdAt: '2026-05-10T00:00:00Z' }),
  ];
  const listing = { backups, incomplete: [], incompleteCount: 0 };

  const of = (time: string) => choose(strategyB, datasets, listing, { asOf: new Date(time) });

  const found = of('2026-05-21T00:00:00Z').map(({ dataset, chain }) => [
    dataset.id,
    chain.ok || chain.reason,
  ]);
  assert.deepEqual(found, [
    ['films', 'the chain is broken: backup f2 is a full, but names another chain than its own'],
  ]);
  assert.throws(() => of('2026-05-01T00:00:00Z'), /no committed backup .* 2026-05-01/);
});
