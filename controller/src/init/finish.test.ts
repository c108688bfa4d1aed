import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Check } from '../doctor/check.ts';
import { HavenError } from '../errors.ts';
import { answersAsk } from './answers.ts';
import { finish, type Ways } from './finish.ts';

const fine: Check = { name: 'docker', state: 'ok', detail: 'there' };
const red: Check = { name: 'clock', state: 'failed', detail: 'wrong', remedy: 'set it' };
const ended = { data: { outcome: 'ok' }, text: 'done', exit: 0 };

/** Ways that all end well, and what was called of them, in order. */
function ways(change: Partial<Ways> = {}): { ways: Ways; called: string[] } {
  const called: string[] = [];
  const all: Ways = {
    attended: true,
    strategies: ['a', 'b'],
    missingRights: async () => [{ command: 'zfs allow x', allow: async () => fine }],
    signIn: async () => 'works',
    testStore: async () => fine,
    examine: async () => [fine],
    kit: async () => ({ text: 'kit', next: ['haven kit export'] }),
    backup: async () => ended,
    drill: async () => ended,
    ...change,
  };
  const noted = Object.entries(all).map(([name, way]) => [
    name,
    typeof way !== 'function'
      ? way
      : (...args: unknown[]) => {
          called.push([name, ...args].join(' '));
          return (way as (...given: unknown[]) => unknown)(...args);
        },
  ]);
  return { ways: Object.fromEntries(noted) as Ways, called };
}

async function finished(change: Partial<Ways>, answers: object = {}) {
  const { ways: given, called } = ways(change);
  const told: string[] = [];
  const ask = answersAsk(JSON.stringify(answers), 'answers');
  const end = await finish(ask, (text) => void told.push(text), given);
  return { end, called, told: told.join('\n') };
}

test('everything is done in its order, and the end is a drill', async () => {
  const { end, called, told } = await finished({});

  assert.deepEqual(called, [
    'missingRights',
    'signIn',
    'testStore a',
    'testStore b',
    'kit',
    'examine',
    'backup',
    'drill',
  ]);
  assert.deepEqual([end.exit, end.next], [0, ['haven kit export']]);
  assert.match(told, /zfs allow x/);
});

test('what is declined is not done, and is told as still to do', async () => {
  const allowed: string[] = [];
  const allow = async () => {
    allowed.push('x');
    return fine;
  };
  const missingRights = async () => [{ command: 'zfs allow x', allow }];
  const { end, called } = await finished({ missingRights }, { delegate: 'no', test: 'no', backup: 'no' });

  assert.deepEqual(allowed, []);
  assert.deepEqual(called, ['missingRights', 'signIn', 'kit', 'examine']);
  assert.deepEqual(
    [end.exit, end.next],
    [0, ['zfs allow x', 'haven doctor', 'haven kit export', 'haven backup', 'haven drill']],
  );
});

test('nothing is backed up while a check is red: not with a store that failed its test, nor after a sign-in that did', async () => {
  const refused = () =>
    Promise.reject(new HavenError({ code: 'credentials-revoked', operation: 'x', message: 'denied' }));
  for (const change of [
    { examine: async () => [red] },
    { testStore: async () => red },
    { signIn: refused },
  ]) {
    const { end, called } = await finished(change);

    assert.equal(end.exit, 1);
    assert.ok(!called.includes('backup'));
    assert.equal(end.next.at(-1), 'haven init');
  }
});

test('with nobody there to sign in that is left to be done, and no store is asked', async () => {
  const { end, called } = await finished({ attended: false });

  assert.deepEqual(called, ['missingRights', 'examine']);
  assert.deepEqual([end.exit, end.next], [0, ['haven auth google', 'haven backup', 'haven drill']]);
});

test('Ctrl-C at the sign-in ends it all', async () => {
  const signIn = () =>
    Promise.reject(new HavenError({ code: 'interrupted', operation: 'x', message: 'stopped' }));

  await assert.rejects(finished({ signIn }), /stopped/);
});

test('a backup or a drill that failed gives the wizard its exit status', async () => {
  const failed = { ...ended, exit: 21 };
  const first = await finished({ backup: async () => failed });
  assert.deepEqual(
    [first.end.exit, first.end.next, first.called.includes('drill')],
    [21, ['haven kit export', 'haven backup'], false],
  );
  const second = await finished({ drill: async () => ({ ...ended, exit: 30 }) });
  assert.deepEqual([second.end.exit, second.end.next], [30, ['haven kit export', 'haven drill']]);
});
