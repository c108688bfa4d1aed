import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { groundApp, makeGround } from '../../testing/ground.ts';
import { writeKit } from '../kit/write-kit.ts';
import { strategyB } from '../strategies/b.ts';
import { checkOwnerKey } from './owner-key-check.ts';

test('with public keys: a kit without the secret key is told, then that the key lies here; away from here all is well', async (context) => {
  const ground = makeGround(context);
  ground.writeConfig({ settings: { publicKeys: ['-----BEGIN PGP PUBLIC KEY BLOCK-----'] } });
  const app = groundApp(context, ground);
  await writeKit(app);
  const look = async () => {
    const checks = await checkOwnerKey(app, strategyB, strategyB.kit.ownerKey!, true);
    return checks.map(({ name, state, detail }) => `${name}: ${state}, ${detail}`).join('; ');
  };
  const key = join(app.home.secrets.b, 'secret-key.asc');

  const without = await look();
  writeFileSync(key, 'the key');
  await writeKit(app);
  const here = await look();
  rmSync(key);
  const inKit = await look();
  rmSync(join(app.home.kit, 'b/secret-key.asc'));
  const away = await look();

  assert.match(without, /^secret key b: warn, .* no kit holds the secret key$/);
  assert.match(here, /^secret b\/secret-key.asc: ok, .*; secret key b: warn, lies on this server \(.*, .*\)/);
  assert.match(inKit, /^secret key b: warn, lies on this server \([^,]*kit\/b\/secret-key.asc\)/);
  assert.match(away, /^secret key b: ok, /);
});

test('without public keys nothing is said of a secret key', async (context) => {
  const app = groundApp(context, makeGround(context));

  assert.deepEqual(await checkOwnerKey(app, strategyB, strategyB.kit.ownerKey!, false), []);
});
