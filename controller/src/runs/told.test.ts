import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ImageEvent, readEvent } from '../contract/events.ts';
import { strategyB } from '../strategies/b.ts';
import { gatherTold } from './told.ts';

function told(n: number, more: object = {}): ImageEvent {
  const id = n.toString(16).padStart(32, '0');
  const at = new Date(Date.UTC(2026, 10, 23) + n * 1000).toISOString();
  const line = {
    ...{ event: 'backup', at, id, chain: id, kind: 'full', base: null, source: 'home', guid: '1' },
    ...{ createdAt: at, committedAt: at, parts: 1, streamBytes: 1, streamSha256: 'ab'.repeat(32) },
    ...{ storedBytes: 1, type: 'filesystem' },
    ...more,
  };
  const read = readEvent(JSON.stringify(line));
  assert.ok(read.ok);
  return read.event;
}

test('more backups than a result line could ever hold are gathered', () => {
  const gathered = gatherTold('backup', strategyB);
  for (let n = 0; n < 500; n += 1) gathered.take(told(n));

  const all = gathered.all(500);

  assert.deepEqual([all.length, 'event' in all[0]!], [500, false]);
});

test('what the contract does not name is not kept', () => {
  const gathered = gatherTold('backup', strategyB);
  gathered.take(told(0, { ballast: 'x'.repeat(60_000) }));

  assert.equal('ballast' in gathered.all(1)[0]!, false);
});

test('an image gone mad is stopped, and what it said is forgotten', () => {
  const gathered = gatherTold('backup', strategyB, 10_000);
  const event = told(0);
  let taken = 0;
  while (!gathered.overflow.aborted && taken < 1_000_000) {
    gathered.take(event);
    taken += 1;
  }

  assert.ok(taken < 100, `${taken} were taken`);
  for (let n = 0; n < 1_000_000; n += 1) gathered.take(event);
  assert.throws(() => gathered.all(1_000_000), /more than 10000 bytes/);
});

for (const count of [0, 2, undefined]) {
  test(`a count of ${count} beside one backup is a contradiction`, () => {
    const gathered = gatherTold('backup', strategyB);
    gathered.take(told(0));

    assert.throws(() => gathered.all(count), /and 1 told/);
  });
}
