// The one sentence: it must not let one strategy hide behind the other.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import type { StrategyName } from '../contract/request.ts';
import type { Kind } from '../history/history.ts';
import { readStatus } from './status.ts';
import { statusText } from './text.ts';

const now = new Date('2026-11-26T08:00:00Z');

function prepare(context: TestContext, schedule?: string): App {
  const ground = makeGround(context);
  ground.writeConfig({
    strategies: ['a', 'b'],
    maxHours: 720,
    ...(schedule === undefined ? {} : { schedule }),
  });
  return { ...groundApp(context, ground), now: () => now };
}

function ran(app: App, kind: Kind, strategy: StrategyName, daysAgo: number, exit = 0): void {
  const started = new Date(now.getTime() - daysAgo * 86_400_000);
  const id = `${kind}-${strategy}-${daysAgo}`;
  app.history.begin({ id, kind, strategy, trigger: 'hand', started });
  const outcome = exit === 0 ? 'ok' : 'failed';
  app.history.end(id, { ended: started, outcome, exit, error: null, result: null });
}

test('both proven: each with its own age', (context) => {
  const app = prepare(context);
  ran(app, 'drill', 'a', 3);
  ran(app, 'drill', 'b', 5);

  const { sentence, provenAt } = readStatus(app);

  assert.equal(sentence, 'Last proven restorable: a 3 days ago, b 5 days ago.');
  assert.equal(provenAt, '2026-11-23T08:00:00.000Z');
});

test('one that was never proven is said beside the other', (context) => {
  const app = prepare(context);
  ran(app, 'drill', 'b', 5);

  assert.match(
    readStatus(app).sentence,
    /^Last proven restorable: b 5 days ago\. a was never proven restorable/,
  );
});

test('a red drill, a damaged store and a late run name their strategy', (context) => {
  const app = prepare(context, '0 3 * * *');
  for (const strategy of ['a', 'b'] as const) ran(app, 'drill', strategy, 9);
  ran(app, 'drill', 'a', 3, 30);
  ran(app, 'audit', 'b', 2, 30);
  ran(app, 'backup', 'a', 0);
  ran(app, 'backup', 'b', 4);

  const status = readStatus(app);

  assert.match(status.sentence, /But the last drill of a was NOT green\./);
  assert.match(status.sentence, /The last audit of b found DAMAGE in the store\./);
  assert.match(status.sentence, /The backup of b is overdue: the newest good one is 4 days old\./);
  assert.doesNotMatch(status.sentence, /(backup of a is|drill of b was|audit of a)/);
  assert.match(statusText(status, now), /^backup b +ok, 4 days ago .*OVERDUE$/m);
  assert.match(statusText(status, now), /^drill a +failed, 3 days ago +9 days ago/m);
});

test('an audit that has a schedule is overdue like anything else', (context) => {
  const ground = makeGround(context);
  ground.writeConfig({ section: { audit: { schedule: '0 12 * * *' } } });
  const app = { ...groundApp(context, ground), now: () => now };
  ran(app, 'audit', 'b', 4);

  assert.match(readStatus(app).sentence, /The audit is overdue: the newest good one is 4 days old\./);
});

test('nothing proven at all is said of each', (context) => {
  assert.match(readStatus(prepare(context)).sentence, /^a was never proven.* b was never proven/);
});

test('the exit status says the worst of all: damage before age, age before nothing', (context) => {
  const app = prepare(context, '0 3 * * *');
  const exits: number[] = [];
  const look = () => exits.push(readStatus(app).exit);

  ran(app, 'backup', 'a', 0.1);
  ran(app, 'backup', 'b', 2);
  look();
  ran(app, 'backup', 'b', 1.3);
  look();
  ran(app, 'backup', 'b', 0.1);
  look();
  ran(app, 'drill', 'b', 0, 30);
  look();

  assert.deepEqual(exits, [13, 13, 0, 30]);
});

test('a backup that ended today with a snapshot of last week is as old as that', (context) => {
  const app = prepare(context, '0 3 * * *');
  ran(app, 'backup', 'a', 0);
  const createdAt = '2026-11-19T03:00:00.000Z';
  const started = new Date(now.getTime() - 3_600_000);
  app.history.begin({ id: 'late', kind: 'backup', strategy: 'b', trigger: 'hand', started });
  app.history.end('late', {
    ended: now,
    outcome: 'ok',
    exit: 0,
    error: null,
    result: { backups: [{ createdAt }] },
  });

  const { freshness } = readStatus(app).strategies.b!.find(({ kind }) => kind === 'backup')!;

  assert.deepEqual([freshness.level, freshness.at], ['overdue', createdAt]);
});

test('a schedule that never started anything is late, then overdue, though nothing failed', (context) => {
  const app = prepare(context, '0 3 * * *');
  readStatus(app);
  const after = (hours: number) => {
    const later = new Date(now.getTime() + hours * 3_600_000);
    return readStatus({ ...app, now: () => later });
  };

  assert.deepEqual([after(1).level, after(31).level, after(55).level], ['fresh', 'late', 'overdue']);
  assert.match(after(55).sentence, /The backup of a is overdue: there is no good backup yet\./);
});

test('a first backup may take weeks, as long as it runs', (context) => {
  const app = prepare(context, '0 3 * * *');
  readStatus(app);
  for (const strategy of ['a', 'b'] as const)
    app.history.begin({ id: strategy, kind: 'backup', strategy, trigger: 'schedule', started: now });
  const level = readStatus({ ...app, now: () => new Date(now.getTime() + 500 * 3_600_000) }).level;

  assert.equal(level, 'fresh');
});
