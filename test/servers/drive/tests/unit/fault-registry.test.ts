import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFaultRegistry } from '../../src/faults/registry.ts';

test('a fault fires at the nth matching request and not before or after', () => {
  const faults = createFaultRegistry();
  faults.plan({ name: 'server-error-503', match: 'list', nth: 2 });

  const fired = ['list', 'get', 'list', 'list'].map(
    (kind) => faults.observe([kind as 'list', 'api', 'any']).take('server-error-503') !== undefined,
  );

  assert.deepEqual(fired, [false, false, true, false]);
});

test('a fault fires as many times as asked', () => {
  const faults = createFaultRegistry();
  faults.plan({ name: 'too-many-429', match: 'any', nth: 2, times: 2 });

  const fired = [1, 2, 3, 4].map(() => faults.observe(['any']).take('too-many-429') !== undefined);

  assert.deepEqual(fired, [false, true, true, false]);
});

test('two faults planned for one request take one request each', () => {
  const faults = createFaultRegistry();
  faults.plan({ name: 'server-error-500', match: 'any' });
  faults.plan({ name: 'server-error-502', match: 'any' });
  const names = ['server-error-500', 'server-error-502'] as const;

  const fired = [1, 2, 3].map(() => faults.observe(['any']).takeFirst(names)?.name);

  assert.deepEqual(fired, ['server-error-500', 'server-error-502', undefined]);
});

test('a fault that was due but could do nothing remains, and is reported', () => {
  const faults = createFaultRegistry();
  faults.plan({ name: 'bit-flip-on-wire', match: 'any', offset: 100 });

  const due = faults.observe(['any']).take('bit-flip-on-wire', ({ offset }) => Number(offset) < 10);

  assert.equal(due, undefined);
  assert.equal(faults.remaining()[0]?.name, 'bit-flip-on-wire');
  assert.equal(faults.remaining()[0]?.seen, 1);
});

describe('a plan that could never do what it says is refused', () => {
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ['an unknown name', { name: 'server-error' }, /unknown fault/],
    ['an unknown class', { name: 'stall', match: 'uplaod' }, /unknown match/],
    ['an unknown parameter', { name: 'stall', second: 1 }, /no parameter "second"/],
    ['a parameter of another type', { name: 'stall', seconds: '1' }, /must be a number/],
    ['a count below one', { name: 'stall', nth: 0 }, /"nth"/],
    ['a name from Object.prototype', { name: 'toString' }, /unknown fault/],
  ];
  for (const [what, plan, message] of cases) {
    test(what, () => assert.throws(() => createFaultRegistry().plan(plan), message));
  }
});
