// A backup by strategy A, by Docker, with the no-op image in its place and a fake zfs: what is mounted, what is held, and what a killed run leaves to be gone on with.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { docker, ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { firstGuid } from '../../testing/fake-zfs.ts';
import { canary, datasetName, type Ground, groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import { writeKit } from '../kit/write-kit.ts';
import { strategyA } from '../strategies/a.ts';
import { strategyB } from '../strategies/b.ts';
import { runBackup } from './backup.ts';
import { sharedSnapshots } from './backup-snapshots.ts';

before(ensureNoop);

const options = { kind: 'auto', trigger: 'hand' } as const;

function prepare(context: TestContext, script: object = {}): { ground: Ground; app: App } {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  ground.writeConfig({ strategies: ['a', 'b'], settings: { script } });
  const app = groundApp(context, ground);
  // Of two snapshots within one second the second would be refused: their name is their second.
  let seconds = 0;
  app.now = () => new Date(Date.parse('2026-11-26T08:00:00Z') + 1000 * seconds++);
  return { ground, app };
}

function snapshots(ground: Ground) {
  return ground.zfsState().datasets[datasetName]!.snapshots;
}

/** What a run asked for, by its request. */
function asked(ground: Ground, run: string): { kind: string; sources: { snapshot: string; guid: string }[] } {
  return JSON.parse(readFileSync(join(ground.folder, 'runs', run, 'request.json'), 'utf8'));
}

test('its snapshot is mounted at /haven/source/ID, with no device, and held until the next backup is committed', async (context) => {
  const { ground, app } = prepare(context);
  const notes: string[] = [];
  app.onEvent = (_verb, event) =>
    event.event === 'note' && notes.push((event as unknown as { message: string }).message);

  const first = await runBackup(app, strategyA, options);

  assert.equal(first.outcome, 'ok', JSON.stringify(first.error));
  const { uid, capEff, mounts, secrets } = JSON.parse(notes[0]!);
  assert.deepEqual([uid, capEff, secrets], ['0', '0000000000000004', 'passphrase\nswift.json']);
  assert.match(mounts, /^\/haven\/source\/home ro,/m);
  assert.deepEqual(
    snapshots(ground).map(({ holds }) => holds),
    [[`haven:a:${first.run}`]],
  );
  assert.equal(
    await docker('volume', 'ls', '--quiet', '--filter', `name=${ground.name}-strategy-a-source`),
    '',
  );

  const second = await runBackup(app, strategyA, options);

  assert.equal(second.resumed, null);
  assert.deepEqual(
    snapshots(ground).map(({ holds }) => holds),
    [[`haven:a:${second.run}`]],
  );
});

test('each strategy sees its own secrets, its own state and its own source, and nothing else of the host', async (context) => {
  const { app } = prepare(context);
  const seen: Record<string, string> = {};
  app.onEvent = (verb, event) => {
    if (verb !== 'backup' || event.event !== 'note') return;
    const { uid, mounts } = JSON.parse(String((event as { message: unknown }).message));
    seen[uid] = mounts;
  };

  await runBackup(app, strategyA, options);
  await runBackup(app, strategyB, options);

  // All but what Docker itself gives every container.
  const ofDocker = /^\/( |proc|dev|sys|tmp |etc\/(resolv.conf|hostname|hosts) )/;
  const own = (uid: string) =>
    seen[uid]!.split('\n')
      .filter((line) => !ofDocker.test(line))
      .map((line) => line.split(',')[0])
      .toSorted();
  assert.deepEqual(own('0'), [
    '/haven/request.json ro',
    '/haven/source/home ro',
    '/haven/state rw',
    '/run/secrets/passphrase ro',
    '/run/secrets/swift.json ro',
  ]);
  assert.deepEqual(own('1000'), [
    '/haven/request.json ro',
    '/haven/state rw',
    '/run/secrets/google-oauth.json ro',
    '/run/secrets/passphrase ro',
  ]);
});

test('another account of the host finds neither a name nor a secret in Haven’s folder', async (context) => {
  const { ground, app } = prepare(context);
  const { folder } = ground;
  await runBackup(app, strategyA, options);
  await runBackup(app, strategyB, options);
  await writeKit(app);
  chmodSync(folder, 0o755);
  // As `haven init` writes it.
  chmodSync(join(folder, 'haven.yaml'), 0o600);
  const words = [datasetName, canary].flatMap((word) => ['-e', word]);
  const search = ['-rlaF', '--exclude=zfs*', ...words, folder];

  const asRoot = spawnSync('grep', search, { encoding: 'utf8' });
  const asOther = spawnSync('grep', search, { encoding: 'utf8', uid: 65_534, gid: 65_534 });

  for (const place of ['runs/', 'secrets/', 'kit/', 'datasets-b.json'])
    assert.ok(asRoot.stdout.includes(join(folder, place)), `there is something to find in ${place}`);
  assert.match(asOther.stderr, /Permission denied/);
  assert.equal(asOther.stdout, '');
});

test('a run that was cut off is finished from the very same snapshot, and only then is there a new one', async (context) => {
  const { ground, app } = prepare(context, { exitCode: 11 });
  const cut = await runBackup(app, strategyA, options);
  assert.deepEqual([cut.exit, cut.resumed, snapshots(ground).length], [11, null, 1]);
  app.config.strategies.a!.settings = {};

  const done = await runBackup(app, strategyA, options);

  assert.deepEqual([done.outcome, done.resumed?.outcome], ['ok', 'ok']);
  const began = asked(ground, cut.run).sources[0]!;
  assert.deepEqual(asked(ground, done.resumed!.run).sources[0], began);
  const next = asked(ground, done.run).sources[0]!;
  assert.notEqual(next.snapshot, began.snapshot);
  assert.deepEqual(
    snapshots(ground).map(({ name, holds }) => [name, holds]),
    [[next.snapshot, [`haven:a:${done.run}`]]],
  );
});

test('while what was begun cannot be finished no new snapshot is taken', async (context) => {
  const { ground, app } = prepare(context, { exitCode: 11 });
  const cut = await runBackup(app, strategyA, options);

  const again = await runBackup(app, strategyA, options);

  assert.equal(again.exit, 11);
  assert.deepEqual(asked(ground, again.run).sources, asked(ground, cut.run).sources);
  assert.equal(snapshots(ground).length, 1);
});

test('a snapshot that cannot be read is not offered again', async (context) => {
  const { ground, app } = prepare(context, {
    exitCode: 20,
    result: {
      sources: [
        { id: 'home', outcome: 'failed', error: { code: 'source-unreadable', operation: 'x', message: 'y' } },
      ],
    },
  });

  const failed = await runBackup(app, strategyA, options);

  assert.equal(failed.exit, 20);
  assert.deepEqual(snapshots(ground), []);
});

test('a request that is refused was never begun with', async (context) => {
  const { ground, app } = prepare(context, { exitCode: 3 });

  assert.equal((await runBackup(app, strategyA, options)).exit, 3);
  assert.deepEqual(snapshots(ground), []);
});

test('what fails again and again is given up, and begun anew from another snapshot', async (context) => {
  const { ground, app } = prepare(context, { exitCode: 1 });
  const [first] = [await runBackup(app, strategyA, options), await runBackup(app, strategyA, options)];
  await runBackup(app, strategyA, options);
  app.config.strategies.a!.settings = {};

  const done = await runBackup(app, strategyA, options);

  assert.deepEqual([done.outcome, done.resumed], ['ok', null]);
  assert.notDeepEqual(asked(ground, done.run).sources, asked(ground, first!.run).sources);
  assert.equal(snapshots(ground).length, 1);
});

test('two strategies whose runs are due together share one snapshot, and neither tidies it away from the other', async (context) => {
  const { ground, app } = prepare(context);
  const both = sharedSnapshots(app, [strategyA, strategyB]);

  const runs = await Promise.all(
    [strategyA, strategyB].map((strategy) => runBackup(app, strategy, { ...options, snapshots: both })),
  );

  assert.deepEqual(
    runs.map(({ outcome }) => outcome),
    ['ok', 'ok'],
    JSON.stringify(runs),
  );
  assert.deepEqual(asked(ground, runs[0]!.run).sources, asked(ground, runs[1]!.run).sources);
  assert.equal(snapshots(ground).length, 1);
  assert.equal(snapshots(ground)[0]!.guid, firstGuid);
  // Strategy B holds what it needs by itself; the double holds nothing.
  assert.deepEqual(
    snapshots(ground)[0]!.holds.map((tag) => tag.slice(0, 8)),
    ['haven:a:'],
  );
});

test('when only one of them fails, the other one keeps the snapshot that they share', async (context) => {
  const { ground, app } = prepare(context);
  app.config.strategies.b!.settings = { script: { exitCode: 21 } };
  const both = sharedSnapshots(app, [strategyA, strategyB]);

  const failed = await runBackup(app, strategyB, { ...options, snapshots: both });
  const made = await runBackup(app, strategyA, { ...options, snapshots: both });

  assert.deepEqual([failed.exit, made.exit], [21, 0]);
  assert.equal(snapshots(ground).length, 1);
});

test('neither strategy’s run waits for the other’s', async (context) => {
  const { app } = prepare(context);
  app.config.strategies.a!.settings = { script: { sleepMs: 60_000 } };
  const stopping = new AbortController();
  const slow = runBackup(
    { ...app, signal: stopping.signal, onEvent: () => began.resolve() },
    strategyA,
    options,
  );
  const began = Promise.withResolvers<void>();
  await began.promise;

  const quick = await runBackup(app, strategyB, options);
  stopping.abort();

  assert.equal(quick.outcome, 'ok', JSON.stringify(quick.error));
  assert.equal((await slow).outcome, 'interrupted');
});

test('a volume that a killed run left is removed by the next, and its snapshot offered again', async (context) => {
  const { ground, app } = prepare(context);
  const name = `${ground.name}-strategy-a-source-home-0ld`;
  const labels = { 'haven.home': app.home.root, 'haven.part': 'strategy-a' };
  await app.engine.createVolume(name, labels);

  await runBackup(app, strategyA, options);

  assert.equal(await app.engine.volumeExists(name), false);
  assert.ok(readdirSync(join(ground.folder, 'runs')).length > 0);
});
