import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from '../../src/options.ts';

test('the ports have defaults', () => {
  const options = parseOptions(['--state', '/s']);

  assert.ok(options !== 'help');
  assert.deepEqual([options.https, options.http, options.proxy], [8443, 8080, 8888]);
});

test('a secret may hold a colon', () => {
  const options = parseOptions(['--state', '/s', '--client', 'id:a:b']);

  assert.ok(options !== 'help');
  assert.deepEqual(options.clients, [{ id: 'id', secret: 'a:b' }]);
});

for (const [what, args] of [
  ['no state', []],
  ['an unknown option', ['--state', '/s', '--htps', '1']],
  ['a port that is none', ['--state', '/s', '--http', '70000']],
  ['a client without a secret', ['--state', '/s', '--client', 'id']],
  ['objects to load without a client', ['--state', '/s', '--load', '/c']],
  ['a refresh token without a client', ['--state', '/s', '--refresh-token', 't']],
] as const) {
  test(`refused: ${what}`, () => assert.throws(() => parseOptions([...args])));
}
