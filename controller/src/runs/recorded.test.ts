import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groundApp, makeGround } from '../../testing/ground.ts';
import { HavenError } from '../errors.ts';
import type { EndedRun } from '../notify/news.ts';
import { strategyB } from '../strategies/b.ts';
import { recorded } from './recorded.ts';

test('whatever a run comes to is in the history before anybody is told of it', async (context) => {
  const app = groundApp(context, makeGround(context));
  const told: EndedRun[] = [];
  const inHistory: (string | null)[] = [];
  app.notifier = {
    ...app.notifier,
    ended: async (run) => {
      told.push(run);
      inHistory.push(app.history.runs({})[0]!.outcome);
    },
  };

  const summary = await recorded(app, { kind: 'backup', strategy: strategyB, trigger: 'hand' }, async () => {
    throw new HavenError({ code: 'store-full', operation: 'upload', message: 'full of canary-secrets' });
  });

  assert.equal(summary.exit, 21);
  assert.deepEqual(inHistory, ['failed']);
  assert.deepEqual(
    told.map(({ run, outcome, exit, code }) => ({ run, outcome, exit, code })),
    [{ run: summary.run, outcome: 'failed', exit: 21, code: 'store-full' }],
  );
  assert.doesNotMatch(JSON.stringify(told), /canary/);
});
