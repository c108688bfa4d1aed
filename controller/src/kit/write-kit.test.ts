import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { canary, groundApp, makeGround } from '../../testing/ground.ts';
import { HavenError } from '../errors.ts';
import { strategyA } from '../strategies/a.ts';
import { strategyB } from '../strategies/b.ts';
import { ensureKit, kitContents, staleKitFiles, storeText, writeKit } from './write-kit.ts';

test('the kit holds what a restore needs, for its owner alone', async (context) => {
  const app = groundApp(context, makeGround(context));

  const folder = await writeKit(app);

  assert.deepEqual(readdirSync(folder, { recursive: true }).sort(), [
    'RECOVERY.md',
    'b',
    'b/google-oauth.json',
    'b/passphrase',
    'b/restore-b.sh',
    'b/store.json',
  ]);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(readFileSync(join(folder, 'b/passphrase'), 'utf8'), canary);
  for (const name of ['passphrase', 'google-oauth.json', 'store.json', 'restore-b.sh']) {
    const { uid, mode } = statSync(join(folder, 'b', name));
    assert.deepEqual([uid, mode & 0o077], [1000, 0], name);
  }
});

test('store.json says where the store is, with the defaults of strategy B', (context) => {
  const ground = makeGround(context);
  const app = groundApp(context, ground);

  const store = () => JSON.parse(storeText(app, strategyB));
  assert.deepEqual(store(), {
    format: 'haven-b/1',
    set: 'haven',
    rootUrl: 'https://www.googleapis.com/',
    tokenUrl: 'https://oauth2.googleapis.com/token',
    caPem: null,
  });
  app.config.strategies.b!.settings = {
    set: 'demo',
    api: { rootUrl: 'https://drive:8443/', caPem: 'PEM' },
    partBytes: 1,
  };
  const { set, rootUrl, caPem } = store();
  assert.deepEqual([set, rootUrl, caPem], ['demo', 'https://drive:8443/', 'PEM']);
});

test('a kit that is there is not touched by a drill', async (context) => {
  const app = groundApp(context, makeGround(context));
  await writeKit(app);
  rmSync(join(app.home.kit, 'b/google-oauth.json'));

  await ensureKit(app, strategyB);

  assert.deepEqual(await staleKitFiles(app), ['b/google-oauth.json']);
});

test('without a secret there is no kit, and an earlier one stays', async (context) => {
  const app = groundApp(context, makeGround(context));
  await writeKit(app);
  rmSync(join(app.home.secrets.b, 'passphrase'));

  await assert.rejects(
    writeKit(app),
    (thrown) => thrown instanceof HavenError && thrown.report.code === 'bad-request',
  );

  assert.equal(readFileSync(join(app.home.kit, 'b/passphrase'), 'utf8'), canary);
});

test('each strategy has a half of its own, with its own secrets and its own owner', async (context) => {
  const ground = makeGround(context);
  ground.writeConfig({ strategies: ['a', 'b'], settings: { auth: { version: 1, url: 'http://swift/' } } });
  const app = groundApp(context, ground);

  const folder = await writeKit(app);

  assert.deepEqual(readdirSync(join(folder, 'a')).sort(), [
    'attributes.py',
    'passphrase',
    'restore-a.sh',
    'store.json',
    'swift.json',
  ]);
  for (const name of readdirSync(join(folder, 'a'))) {
    const { uid, mode } = statSync(join(folder, 'a', name));
    assert.deepEqual([uid, mode & 0o077], [0, 0], name);
  }
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'a/store.json'), 'utf8')), {
    format: 'haven-a/1',
    container: 'haven',
    auth: { version: 1, url: 'http://swift/' },
  });
  assert.deepEqual(await staleKitFiles(app), []);
});

test('a drill of a strategy that has no half yet makes that half, and touches no other', async (context) => {
  const ground = makeGround(context);
  await writeKit(groundApp(context, ground));
  writeFileSync(join(ground.folder, 'kit/b/passphrase'), 'the one in the drawer');
  ground.writeConfig({ strategies: ['a', 'b'] });
  const app = groundApp(context, ground);

  await ensureKit(app, strategyA);

  assert.equal(readFileSync(join(ground.folder, 'kit/b/passphrase'), 'utf8'), 'the one in the drawer');
  assert.deepEqual(await staleKitFiles(app), ['b/passphrase']);
  assert.ok(!existsSync(`${app.home.kit}.next`));
});

test('the owner’s secret key goes into the kit, and once it was taken off the host the kit still says that there is one', async (context) => {
  const app = groundApp(context, makeGround(context));
  const inSecrets = join(app.home.secrets.b, 'secret-key.asc');
  const inKit = join(app.home.kit, 'b/secret-key.asc');
  writeFileSync(inSecrets, 'the key');

  await writeKit(app);
  const { uid, mode } = statSync(inKit);
  rmSync(inSecrets);
  await writeKit(app); // from the kit that there was
  const kept = readFileSync(inKit, 'utf8');
  rmSync(inKit);
  await writeKit(app);

  assert.deepEqual([uid, mode & 0o777, kept], [1000, 0o400, 'the key']);
  const contents = await kitContents(app);
  assert.ok(contents.includes('b/SECRET-KEY.txt') && !contents.includes('b/secret-key.asc'));
  assert.deepEqual(await staleKitFiles(app), []);
  writeFileSync(inSecrets, 'another key');
  assert.deepEqual(await staleKitFiles(app), ['b/secret-key.asc']);
});
