import assert from 'node:assert/strict';
import { chmodSync, chownSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { datasetName } from '../../testing/ground.ts';
import {
  changeZfs,
  fakeEngine,
  type Healthy,
  healthy,
  healthyBoth,
  look,
  notOk,
  version,
} from '../../testing/healthy.ts';
import type { Engine } from '../docker/engine.ts';
import { HavenError } from '../errors.ts';
import { writeKnown } from '../runs/known-datasets.ts';
import { strategyA } from '../strategies/a.ts';
import { checkStore, checkSwift } from './store-check.ts';

test('on a machine where everything is right, every check is ok', async (context) => {
  assert.deepEqual(notOk(await look(await healthy(context))), []);
});

const faults: [string, (given: Healthy) => void, string][] = [
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
    'a schedule never began anything',
    ({ app }) => {
      app.config.strategies.b!.schedule = { cron: '0 3 * * *', jitterMinutes: 0, overlap: 'wait' };
      app.history.firstSeen('backup-b', new Date(Date.now() - 3 * 86_400_000));
    },
    'schedule backup-b: failed',
  ],
  [
    'a dataset is lost from the configuration',
    ({ app }) =>
      writeKnown(app.home.datasets.b, {
        photos: { dataset: 'tank/photos', root: 'photos', goneSince: null, leftOut: false },
      }),
    'backups of photos: warn',
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

    const checks = await look(given);

    assert.ok(notOk(checks).includes(expected), notOk(checks).join('; '));
    assert.ok(checks.every(({ state, remedy }) => state === 'ok' || (remedy ?? '') !== ''));
  });
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
    assert.ok(notOk(await look(await healthy(context, engine))).includes(expected));
  });
}

test('--fix delegates what is missing and sets owner and mode of the secrets', async (context) => {
  const { ground, app, machine } = await healthy(context);
  changeZfs(ground, (state) => {
    state.datasets[datasetName]!.allowed = [];
  });
  const secret = join(app.home.secrets.b, 'passphrase');
  chmodSync(secret, 0o644);
  chownSync(secret, 0, 0);

  const checks = await look({ app, machine }, { fix: true });

  assert.deepEqual(notOk(checks), []);
  assert.deepEqual([statSync(secret).uid, statSync(secret).mode & 0o777], [1000, 0o400]);
  assert.deepEqual(ground.zfsState().datasets[datasetName]!.allowed, ['send', 'hold', 'release', 'bookmark']);
});

test('with both strategies everything of each is looked at, and a dataset once', async (context) => {
  const { app, machine } = await healthyBoth(context);

  const checks = await look({ app, machine });

  assert.deepEqual(notOk(checks), []);
  const names = checks.map(({ name }) => name);
  assert.ok(names.includes('secret a/swift.json') && names.includes('secret b/google-oauth.json'));
  assert.deepEqual(
    names.filter((name) => name === 'dataset home' || name === 'delegation home'),
    ['dataset home', 'delegation home'],
  );
});

test('a secret of A is root’s, and a volume that A leaves out is told', async (context) => {
  const { ground, app, machine } = await healthyBoth(context);
  chownSync(join(app.home.secrets.a, 'swift.json'), 1000, 1000);
  changeZfs(ground, (state) => (state.datasets[datasetName]!.type = 'volume'));

  const checks = await look({ app, machine });

  assert.deepEqual(notOk(checks), ['volumes a: warn', 'secret a/swift.json: failed']);
  await look({ app, machine }, { fix: true });
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

test('a store that does not answer is not waited for longer than a person would', async (context) => {
  const { app } = await healthyBoth(context);
  const answers = { ...version, version: { ...version.version, verbs: ['selftest'] } };
  const stopped = Promise.withResolvers<void>();
  let started = 0;
  const engine = fakeEngine({
    attach: async (_id, outputs) => {
      started += 1;
      if (started === 1) outputs.stdout(Buffer.from(`${JSON.stringify(answers)}\n`));
      return { ended: Promise.resolve() };
    },
    wait: async () => {
      if (started > 1) await stopped.promise;
      return { exitCode: started > 1 ? 143 : 0, oomKilled: false, error: '' };
    },
    stop: async () => stopped.resolve(),
  });

  const check = await checkStore({ ...app, engine }, strategyA, 300);

  assert.equal(check.state, 'warn');
  assert.match(check.detail, /did not answer/);
});
