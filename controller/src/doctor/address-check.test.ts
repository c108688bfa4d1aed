import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthyBoth, look, notOk } from '../../testing/healthy.ts';

const auth = (url: string) => ({ auth: { version: 1, url } });
const api = (rootUrl: string) => ({ api: { rootUrl } });

/** The kit is told of as well: it has the address that there was before. */
const ofAddresses = async (given: Parameters<typeof look>[0]) =>
  notOk(await look(given)).filter((line) => line.startsWith('address'));

test('a store that is signed in to over a network in clear is told of', async (context) => {
  const given = await healthyBoth(context);
  const { a, b } = given.app.config.strategies;

  a!.settings = auth('http://swift.example/auth/v1.0');
  b!.settings = api('http://192.168.1.9:8080/');

  assert.deepEqual(await ofAddresses(given), ['address of a: warn', 'address of b: warn']);
});

for (const good of [
  'https://store.example/',
  'http://localhost:8080/',
  'http://127.0.0.1/',
  'http://[::1]/',
]) {
  test(`${good} is no network in clear`, async (context) => {
    const given = await healthyBoth(context);
    const { a, b } = given.app.config.strategies;

    a!.settings = auth(good);
    b!.settings = api(good);

    assert.deepEqual(await ofAddresses(given), []);
  });
}
