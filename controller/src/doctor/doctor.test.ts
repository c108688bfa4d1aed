import assert from 'node:assert/strict';
import { chmodSync, chownSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { datasetName, type Ground, groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import type { Engine } from '../docker/engine.ts';
import { HavenError } from '../errors.ts';
import { rememberExport } from '../kit/exported.ts';
import { writeKit } from '../kit/write-kit.ts';
import type { Check } from './check.ts';
import { examine } from './examine.ts';
import { checkSwift } from './swift-check.ts';

const version = {
  event: 'result',
  at: '2026-11-23T20:00:00Z',
  contract: '1.0',
  verb: 'version',
  outcome: 'ok',
  version: {
    contract: '1.0',
    supported: ['1.0'],
    image: '0.1.0',
    strategy: null,
    verbs: ['backup', 'list', 'prepare', 'fetch', 'seal', 'receive', 'verify', 'verify-volume', 'reap'],
    tools: {},
  },
};

/** A Docker in which every image answers `version` well. */
function fakeEngine(change: Partial<Engine> = {}, answer: unknown = version): Engine {
  return {
    version: async () => '28.0',
    imageId: async () => 'sha256:1',
    containers: async () => [],
    create: async () => 'c',
    attach: async (_id, outputs) => {
      outputs.stdout(Buffer.from(`${JSON.stringify(answer)}\n`));
      return { ended: Promise.resolve() };
    },
    start: async () => {},
    wait: async () => ({ exitCode: 0, oomKilled: false, error: '' }),
    stop: async () => {},
    logs: async () => {},
    remove: async () => {},
    createVolume: async () => {},
    volumes: async () => [],
    volumeExists: async () => false,
    removeVolume: async () => {},
    ...change,
  };
}

/** A machine on which everything is as it should be. */
async function healthy(context: TestContext, engine = fakeEngine()): Promise<{ ground: Ground; app: App }> {
  const ground = makeGround(context);
  const state = ground.zfsState();
  state.datasets[datasetName]!.allowed = ['send', 'hold', 'release', 'bookmark'];
  ground.writeZfsState(state);
  const app = { ...groundApp(context, ground), engine };
  await writeKit(app);
  await rememberExport(app, 'folder');
  return { ground, app };
}

function notOk(checks: Check[]): string[] {
  return checks.filter(({ state }) => state !== 'ok').map(({ name, state }) => `${name}: ${state}`);
}

test('on a machine where everything is right, every check is ok', async (context) => {
  const { app } = await healthy(context);

  assert.deepEqual(notOk(await examine(app, { fix: false })), []);
});

const faults: [string, (given: { ground: Ground; app: App }) => void, string][] = [
  [
    'a secret is missing',
    ({ app }) => rmSync(join(app.home.secrets.b, 'passphrase')),
    'secret b/passphrase: failed',
  ],
  [
    'a secret is empty',
    ({ app }) => writeFileSync(join(app.home.secrets.b, 'passphrase'), ''),
    'secret b/passphrase: failed',
  ],
  [
    'others may read a secret',
    ({ app }) => chmodSync(join(app.home.secrets.b, 'passphrase'), 0o444),
    'secret b/passphrase: failed',
  ],
  [
    'a secret is root’s',
    ({ app }) => chownSync(join(app.home.secrets.b, 'passphrase'), 0, 0),
    'secret b/passphrase: failed',
  ],
  [
    'nothing is delegated',
    ({ ground }) => changeZfs(ground, (state) => (state.datasets[datasetName]!.allowed = ['send'])),
    'delegation home: failed',
  ],
  [
    'a dataset is missing',
    ({ ground }) => changeZfs(ground, (state) => (state.datasets = {})),
    'dataset home: failed',
  ],
  [
    'a dataset is a snapshot',
    ({ ground }) => changeZfs(ground, (state) => (state.datasets[datasetName]!.type = 'snapshot')),
    'dataset home: failed',
  ],
  [
    'the versions are of two series',
    ({ ground }) => changeZfs(ground, (state) => (state.kernel = '2.2.7-1')),
    'zfs versions: warn',
  ],
  [
    'the kernel has no ZFS',
    ({ ground }) => changeZfs(ground, (state) => (state.kernel = '')),
    'zfs versions: failed',
  ],
  [
    'a drill left a pool',
    ({ ground }) => changeZfs(ground, (state) => state.pools.push('haven-drill-0123abcd')),
    'leftovers: warn',
  ],
  ['there is no device', ({ app }) => (app.config.host.zfsDevice = '/dev/nowhere'), 'zfs device: failed'],
  [
    'only root may use the device',
    ({ app }) => (app.config.host.zfsDevice = '/dev/mem'),
    'zfs device: failed',
  ],
  ['there is no kit', ({ app }) => rmSync(app.home.kit, { recursive: true }), 'recovery kit: warn'],
  [
    'the kit has an old secret',
    ({ app }) => writeFileSync(join(app.home.kit, 'b/passphrase'), 'old'),
    'recovery kit: warn',
  ],
  [
    'there is no scratch folder',
    ({ app }) => rmSync(app.home.scratch, { recursive: true }),
    'scratch: failed',
  ],
];
for (const [name, spoil, expected] of faults) {
  test(`${name}: ${expected}, with a remedy`, async (context) => {
    const given = await healthy(context);
    spoil(given);

    const checks = await examine(given.app, { fix: false });

    assert.ok(notOk(checks).includes(expected), notOk(checks).join('; '));
    assert.ok(checks.every(({ state, remedy }) => state === 'ok' || (remedy ?? '') !== ''));
  });
}

function changeZfs(ground: Ground, change: (state: ReturnType<Ground['zfsState']>) => void): void {
  const state = ground.zfsState();
  change(state);
  ground.writeZfsState(state);
}

const engines: [string, Engine, string][] = [
  [
    'Docker does not answer',
    fakeEngine({
      version: () => Promise.reject(new HavenError({ code: 'failed', operation: 'x', message: 'no' })),
    }),
    'docker: failed',
  ],
  ['an image is missing', fakeEngine({ imageId: async () => undefined }), 'image haven/noop: failed'],
  [
    'an image speaks another contract',
    fakeEngine({}, { ...version, version: { ...version.version, supported: ['9.0'] } }),
    'image haven/noop: failed',
  ],
  [
    'an image lacks a verb',
    fakeEngine({}, { ...version, version: { ...version.version, verbs: ['list'] } }),
    'image haven/noop: failed',
  ],
  [
    'an image says nothing',
    fakeEngine({ attach: async () => ({ ended: Promise.resolve() }) }),
    'image haven/noop: failed',
  ],
];
for (const [name, engine, expected] of engines) {
  test(`${name}: ${expected}`, async (context) => {
    const { app } = await healthy(context, engine);

    assert.ok(notOk(await examine(app, { fix: false })).includes(expected));
  });
}

test('--fix delegates what is missing and sets owner and mode of the secrets', async (context) => {
  const { ground, app } = await healthy(context);
  changeZfs(ground, (state) => {
    state.datasets[datasetName]!.allowed = [];
  });
  const secret = join(app.home.secrets.b, 'passphrase');
  chmodSync(secret, 0o644);
  chownSync(secret, 0, 0);

  const checks = await examine(app, { fix: true });

  assert.deepEqual(notOk(checks), []);
  assert.deepEqual([statSync(secret).uid, statSync(secret).mode & 0o777], [1000, 0o400]);
  assert.deepEqual(ground.zfsState().datasets[datasetName]!.allowed, ['send', 'hold', 'release', 'bookmark']);
});

/** The same machine with both strategies. */
async function healthyBoth(context: TestContext): Promise<{ ground: Ground; app: App }> {
  const { ground, app: first } = await healthy(context);
  ground.writeConfig({ strategies: ['a', 'b'] });
  const app = { ...groundApp(context, ground), engine: first.engine };
  await writeKit(app);
  await rememberExport(app, 'folder');
  return { ground, app };
}

test('with both strategies everything of each is looked at, and a dataset once', async (context) => {
  const { app } = await healthyBoth(context);

  const checks = await examine(app, { fix: false });

  assert.deepEqual(notOk(checks), []);
  const names = checks.map(({ name }) => name);
  assert.ok(names.includes('secret a/swift.json') && names.includes('secret b/google-oauth.json'));
  assert.deepEqual(
    names.filter((name) => name === 'dataset home' || name === 'delegation home'),
    ['dataset home', 'delegation home'],
  );
});

test('a secret of A is root’s, and a volume that A leaves out is told', async (context) => {
  const { ground, app } = await healthyBoth(context);
  chownSync(join(app.home.secrets.a, 'swift.json'), 1000, 1000);
  changeZfs(ground, (state) => (state.datasets[datasetName]!.type = 'volume'));

  const checks = await examine(app, { fix: false });

  assert.deepEqual(notOk(checks), ['volumes a: warn', 'secret a/swift.json: failed']);
  await examine(app, { fix: true });
  assert.equal(statSync(join(app.home.secrets.a, 'swift.json')).uid, 0);
});

test('the store of A is asked by its image: what its self-test says is the check', async (context) => {
  const { app } = await healthyBoth(context);
  const answers = {
    'try-later': { exit: 11, error: { code: 'try-later', operation: 'x', message: 'no network' } },
    'credentials-revoked': {
      exit: 22,
      error: { code: 'credentials-revoked', operation: 'x', message: 'no' },
    },
  } as const;
  const found: string[] = [];
  for (const { exit, error } of Object.values(answers)) {
    const result = { ...version, verb: 'selftest', outcome: 'failed', version: undefined, error };
    const lines = [{ ...version, version: { ...version.version, verbs: ['selftest'] } }, result];
    let started = 0;
    const engine = fakeEngine({
      attach: async (_id, outputs) => {
        outputs.stdout(Buffer.from(`${JSON.stringify(lines[started++])}\n`));
        return { ended: Promise.resolve() };
      },
      wait: async () => ({ exitCode: started === 1 ? 0 : exit, oomKilled: false, error: '' }),
    });
    found.push((await checkSwift({ ...app, engine })).state);
  }

  assert.deepEqual(found, ['warn', 'failed']);
});
