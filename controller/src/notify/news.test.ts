import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EndedRun, type Health, newsOf, newsOfSilence } from './news.ts';

function ended(change: Partial<EndedRun> = {}): EndedRun {
  return {
    run: 'r-1',
    kind: 'backup',
    strategy: 'b',
    outcome: 'ok',
    exit: 0,
    code: null,
    started: '2026-11-26T03:00:00.000Z',
    ended: '2026-11-26T03:10:00.000Z',
    ...change,
  };
}

const failed = { outcome: 'failed', exit: 21, code: 'store-full' } as const;
const partial = { outcome: 'partial', exit: 10, code: 'partial' } as const;
const interrupted = { outcome: 'interrupted', exit: 143, code: 'interrupted' } as const;

for (const [name, before, change, occasion] of [
  ['a first success is a success', null, {}, 'success'],
  ['a first failure is told', null, failed, 'failure'],
  ['a failure after a success is told', 'good', failed, 'failure'],
  ['a failure after a failure is not told again', 'bad', failed, undefined],
  ['some datasets missing counts as a failure', 'good', partial, 'failure'],
  ['a success after a failure is a recovery', 'bad', {}, 'recovery'],
  ['a run that was stopped says nothing', 'good', interrupted, undefined],
] as const satisfies [string, Health | null, Partial<EndedRun>, string | undefined][]) {
  test(name, () => {
    assert.equal(newsOf('haven', ended(change), before)?.occasion, occasion);
  });
}

test('a failure says what failed, what that means, and where to look', () => {
  const news = newsOf('haven', ended(failed), 'good');

  assert.equal(news?.title, 'haven: backup b FAILED');
  assert.match(news.text, /The store is full\..*exit status 21.*`haven logs r-1`/s);
});

test('silence is told once', () => {
  const since = '2026-11-26T03:00:00.000Z';

  assert.match(newsOfSilence('haven', 'drill-b', since, 'good')?.title ?? '', /drill b is OVERDUE/);
  assert.equal(newsOfSilence('haven', 'drill-b', since, 'bad'), null);
});
