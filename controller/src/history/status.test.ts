// The one sentence: it must not let one strategy hide behind the other.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import type { StrategyName } from '../contract/request.ts';
import type { Kind } from './history.ts';
import { readStatus, statusText } from './status.ts';

const now = new Date('2026-11-26T08:00:00Z');

function prepare(context: TestContext, schedule?: string): App {
  const ground = makeGround(context);
  ground.writeConfig({ strategies: ['a', 'b'], ...(schedule === undefined ? {} : { schedule }) });
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
  assert.match(status.sentence, /The backup of b is overdue\./);
  assert.doesNotMatch(status.sentence, /(backup of a is|drill of b was|audit of a)/);
  assert.match(statusText(status, now), /^backup b +ok, 4 days ago .*OVERDUE$/m);
  assert.match(statusText(status, now), /^drill a +failed, 3 days ago +9 days ago/m);
});

test('nothing proven at all is said of each', (context) => {
  assert.match(readStatus(prepare(context)).sentence, /^a was never proven.* b was never proven/);
});
