import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adviceFor } from './revoked.ts';

const now = Date.parse('2026-11-25T00:00:00Z');
const ago = (days: number) => new Date(now - days * 86_400_000).toISOString();

for (const [name, signedInAt, first, testing] of [
  ['a week old', ago(7), /^sign in again \(made 7 days ago\).*causes: the OAuth app is in "Testing"/, true],
  ['a month old', ago(30), /causes: access was removed/, false],
  ['a year old', ago(365), /causes: it was not used for six months/, false],
  ['of unknown age', undefined, /^sign in again: .*causes: the OAuth app is in "Testing"/, true],
  ['of an age that is no date', 'yesterday', /^sign in again: /, true],
  ['of the future', ago(-3), /^sign in again: /, true],
] as const) {
  test(`invalid_grant of a sign-in ${name} names the likely cause first`, () => {
    const advice = adviceFor('invalid_grant', signedInAt, now);

    assert.match(advice, first);
    assert.equal(advice.includes('Testing'), testing);
  });
}

test('a client that Google does not know is another matter', () => {
  assert.match(adviceFor('invalid_client', ago(7), now), /OAuth client is unknown/);
});
