// The orchestration of a drill by Docker, with the no-op image in every role: what it starts, what it mounts, and that it cleans up.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { buildNoop, docker, ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { firstGuid } from '../../testing/fake-zfs.ts';
import { datasetName, type Ground, groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import type { HavenError } from '../errors.ts';
import { strategyB } from '../strategies/b.ts';
import { takeSnapshots } from '../zfs/snapshots.ts';
import { runDrill } from './drill.ts';
import type { DrillVerdict } from './drill-verdict.ts';
import type { RunSummary } from './recorded.ts';

before(ensureNoop);

const at = '2026-11-23T20:00:00Z';
const backup = {
  id: '0f0f0f0f',
  chain: '0f0f0f0f',
  kind: 'full',
  base: null,
  source: 'home',
  guid: firstGuid,
  createdAt: at,
  committedAt: at,
  parts: 1,
  streamBytes: 1000,
  streamSha256: 'ab'.repeat(32),
  storedBytes: 500,
  type: 'filesystem',
};

/** What the no-op image makes of a chain of two: see its list of GUIDs. */
const older = { ...backup, guid: '11', createdAt: '2026-11-22T20:00:00Z' };
const newer = { ...backup, id: '1f1f1f1f', kind: 'incremental', base: '0f0f0f0f' };

interface Prepared {
  ground: Ground;
  app: App;
  drill: (given?: { backup?: string }) => Promise<RunSummary>;
}

/** A dataset with a snapshot that is backed up; what the images do is up to their scripts. */
async function prepare(
  context: TestContext,
  scripts: { list?: unknown; drill?: unknown },
  signal?: AbortSignal,
): Promise<Prepared> {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const list = scripts.list ?? { result: { backups: [backup] } };
  const drillImage = scripts.drill === undefined ? 'haven/noop' : await buildNoop(context, scripts.drill);
  ground.writeConfig({ drillImage, settings: { script: { list } } });
  const app = groundApp(context, ground, signal);
  await takeSnapshots(app.zfs, [datasetName], 'haven-1', 'r-0');
  const drill = (given = {}) =>
    runDrill(app, [strategyB], { trigger: 'hand', ...given }).then(([summary]) => summary!);
  return { ground, app, drill };
}

function reds(summary: RunSummary): string[] {
  const verdict = summary.result as DrillVerdict;
  return verdict.sources.flatMap((source) =>
    source.checks.filter((check) => !check.pass).map(({ name }) => name),
  );
}

async function leftovers(ground: Ground): Promise<string> {
  const containers = await docker('ps', '--all', '--format', '{{.Names}}', '--filter', `name=${ground.name}`);
  const volumes = await docker('volume', 'ls', '--quiet', '--filter', `name=${ground.name}`);
  // The strategy's state is not the drill's: `list` looks into it, and the next backup writes it.
  const others = volumes.split('\n').filter((name) => name !== `${ground.name}-b-state`);
  return [containers, ...others].join('');
}

test('a drill whose every step succeeds is green, is kept as a verdict, and leaves nothing behind', async (context) => {
  const { ground, app, drill } = await prepare(context, {});

  const summary = await drill();

  assert.deepEqual(reds(summary), []);
  assert.deepEqual([summary.outcome, summary.exit], ['ok', 0]);
  const { scratchFreeBytes, ...expected } = (summary.result as DrillVerdict).preflight!;
  const scratchBytes = 1100 + 64 * 2 ** 20;
  assert.deepEqual(expected, { datasets: 1, backups: 1, downloadBytes: 500, scratchBytes });
  assert.ok(scratchFreeBytes > 2 ** 20);
  const kept = JSON.parse(
    readFileSync(join(app.home.verdicts, `${summary.run}.json`), 'utf8'),
  ) as DrillVerdict;
  assert.deepEqual([kept.pass, kept.sources[0]?.evidence.backup.ok], [true, true]);
  assert.equal(await leftovers(ground), '');
  assert.deepEqual(ground.zfsState().datasets[datasetName]!.snapshots[0]!.holds, []);
  assert.ok(ground.zfsCalls().some(([verb, tag]) => verb === 'hold' && tag === `haven:drill:${summary.run}`));
});

test('an incremental is drilled with all that it builds upon', async (context) => {
  const { app, drill } = await prepare(context, { list: { result: { backups: [newer, older] } } });

  const summary = await drill();

  assert.deepEqual(reds(summary), []);
  const read = (verb: string) =>
    JSON.parse(readFileSync(join(app.home.runs, summary.run, `request-${verb}.json`), 'utf8'));
  assert.deepEqual(read('fetch').backups, ['0f0f0f0f', '1f1f1f1f']);
  assert.deepEqual([read('receive').streams, read('receive').sizeBytes], [2, 4000 + 512 * 2 ** 20]);
  assert.match((summary.result as DrillVerdict).sentence, /a full and 1 incremental/);
});

test('where all is too much for one drill, one after the other has its turn, and the verdict says why', async (context) => {
  const { ground } = await prepare(context, {});
  const photos = 'tank/photos';
  const state = ground.zfsState();
  state.datasets[photos] = structuredClone(state.datasets[datasetName]!);
  ground.writeZfsState(state);
  const list = { result: { backups: [backup, { ...backup, source: 'photos' }] } };
  ground.writeConfig({
    datasets: { home: { dataset: datasetName }, photos: { dataset: photos } },
    settings: { script: { list } },
    drill: { schedule: { b: '0 5 * * *' }, everyDatasetWithinDays: 30 },
  });
  const rotating = groundApp(context, ground);
  const turns = async (all = false) => {
    const [summary] = await runDrill(rotating, [strategyB], { trigger: 'schedule', all });
    assert.equal(summary?.outcome, 'ok', summary?.error?.message);
    const { sources, rotation } = summary.result as DrillVerdict;
    return [sources.map(({ evidence }) => evidence.source), rotation];
  };

  const [first, why] = await turns();
  const [second] = await turns();
  const [third] = await turns(true);

  assert.deepEqual([first, second, third], [['home'], ['photos'], ['home', 'photos']]);
  const { now, later } = why as NonNullable<DrillVerdict['rotation']>;
  assert.deepEqual(now, [{ source: 'home', why: 'never restored in full yet' }]);
  assert.match(later[0]?.why ?? '', /^never restored in full yet; its turn comes by \d{4}-\d{2}-\d{2}$/);
});

test('a volume is compared by a step of its own, which is told what and nothing more', async (context) => {
  const volume = { ...backup, type: 'volume' };
  const { app, drill } = await prepare(context, { list: { result: { backups: [volume] } } });

  const summary = await drill();

  // The no-op image's fetch always says that it fetched a filesystem: that this turns it red is as it should be.
  assert.deepEqual(reds(summary), ['right-backup']);
  const path = join(app.home.runs, summary.run, 'request-verify-volume.json');
  const { pool, restored, source } = JSON.parse(readFileSync(path, 'utf8'));
  assert.match(pool, /^haven-drill-/);
  assert.deepEqual(
    [restored, source],
    ['drill-000', { dataset: datasetName, snapshot: 'haven-1', guid: firstGuid }],
  );
});

test('each step of a drill has, by its own account, the privileges of the contract and no more', async (context) => {
  const { app, drill } = await prepare(context, {});
  const accounts = new Map<string, Record<string, string>>();
  app.onEvent = (verb, event) => {
    if (event.event === 'note')
      accounts.set(verb, JSON.parse(String((event as { message: unknown }).message)));
  };

  await drill();

  const none = '0'.repeat(16);
  const sysAdmin = '0000000000200000';
  const readSearch = '0000000000000004';
  const seen = (verb: string) => {
    const { uid, capEff, capBnd, noNewPrivs, secrets } = accounts.get(verb) ?? {};
    return [uid, capEff, capBnd, noNewPrivs, secrets];
  };
  assert.deepEqual(seen('fetch'), ['1000', none, none, '1', '']);
  assert.deepEqual(seen('receive'), ['0', sysAdmin, sysAdmin, '1', '']);
  assert.deepEqual(seen('reap'), ['0', sysAdmin, sysAdmin, '1', '']);
  assert.deepEqual(seen('verify'), ['0', readSearch, readSearch, '1', '']);
  const mountsOf = (verb: string) => accounts.get(verb)?.mounts ?? '';
  assert.match(mountsOf('fetch'), /^\/haven\/kit ro,/m);
  assert.match(mountsOf('verify'), /^\/haven\/source ro,/m);
  assert.match(mountsOf('verify'), /^\/haven\/restored ro,/m);
  for (const verb of ['receive', 'verify', 'reap'])
    assert.doesNotMatch(mountsOf(verb), /\/haven\/kit|\/run\/secrets/);
});

const red: [string, { list?: unknown; drill?: unknown }, number, string][] = [
  ['an empty store', { list: {} }, 30, 'backup'],
  [
    'a fetch that finds damage',
    { drill: { fetch: { exitCode: 30 }, receive: { sleepMs: 60_000 } } },
    30,
    'fetched',
  ],
  [
    'a fetch without network',
    { drill: { fetch: { exitCode: 11 }, receive: { sleepMs: 60_000 } } },
    11,
    'fetched',
  ],
  [
    'a receive that fails',
    { drill: { receive: { exitCode: 1 }, fetch: { sleepMs: 60_000 } } },
    30,
    'received',
  ],
  [
    'a comparison with mismatches',
    { drill: { verify: { exitCode: 30, result: { comparison: comparison(2) } } } },
    30,
    'no-mismatch',
  ],
  [
    'a comparison of nothing',
    { drill: { verify: { result: { comparison: { ...comparison(0), entries: 0 } } } } },
    30,
    'compared',
  ],
  [
    'a stream that is another one',
    { list: { result: { backups: [{ ...backup, streamBytes: 1001 }] } } },
    30,
    'same-stream',
  ],
  ['a chain whose full is gone', { list: { result: { backups: [newer] } } }, 30, 'chain'],
  [
    'a chain of which one link was never received',
    {
      list: { result: { backups: [newer, older] } },
      drill: { receive: { result: { received: received(1) } } },
    },
    30,
    'same-stream',
  ],
  [
    'a source snapshot that is gone',
    { list: { result: { backups: [{ ...backup, guid: '7' }] } } },
    30,
    'same-snapshot',
  ],
];
for (const [name, scripts, exit, check] of red) {
  test(`${name} is red by ${check}, exit ${exit}, and leaves nothing behind`, async (context) => {
    const { ground, app, drill } = await prepare(context, scripts);

    const summary = await drill();

    assert.deepEqual([summary.outcome, summary.exit], ['failed', exit], summary.error?.message);
    assert.ok(reds(summary).includes(check), reds(summary).join());
    assert.ok(existsSync(join(app.home.verdicts, `${summary.run}.json`)));
    assert.equal(await leftovers(ground), '');
  });
}

function received(streams: number) {
  const stream = { snapshot: 'drill', guid: firstGuid, streamBytes: 1000, streamSha256: 'ab'.repeat(32) };
  const scrub = { state: 'finished', errors: 0 };
  const rest = { dataset: 'restored', snapshot: 'drill', guid: firstGuid, scrub, tools: {}, seconds: 1 };
  return { pool: 'haven-drill-0123abcd', streams: Array(streams).fill(stream), ...rest };
}

function comparison(mismatches: number) {
  return {
    entries: 3,
    files: 2,
    bytes: 9,
    mismatches,
    byType: {},
    checked: ['content'],
    tools: {},
    seconds: 1,
  };
}

test('a drill that is interrupted is recorded as that, reaps its pool and leaves nothing behind', async (context) => {
  const stopping = new AbortController();
  const scripts = { drill: { receive: { sleepMs: 60_000 } } };
  const { ground, app, drill } = await prepare(context, scripts, stopping.signal);
  app.onEvent = (verb) => {
    if (verb === 'receive') stopping.abort();
  };

  const summary = await drill();

  assert.deepEqual([summary.outcome, summary.exit], ['interrupted', 143]);
  assert.equal(app.history.runs({})[0]?.outcome, 'interrupted');
  const request = readFileSync(join(app.home.runs, summary.run, 'request-reap.json'), 'utf8');
  assert.match(request, /haven-drill-[0-9a-f]{16}/);
  assert.equal(await leftovers(ground), '');
});

test('two drills at once: the second is busy', async (context) => {
  const { app, drill } = await prepare(context, {});
  let second: Promise<unknown> | undefined;
  app.onEvent = () => {
    second ??= drill().then(
      () => 'ran',
      (thrown: HavenError) => thrown.report.code,
    );
  };

  await drill();

  assert.equal(await second, 'busy');
});

test('a backup that nobody has is the caller’s mistake', async (context) => {
  const { drill } = await prepare(context, {});

  assert.equal((await drill({ backup: 'ffff' })).exit, 3);
});

test('what a killed drill left behind is removed, its hold released, its pools reaped, its run recorded', async (context) => {
  const { ground, app, drill } = await prepare(context, {});
  app.history.begin({ id: 'r-old', kind: 'drill', strategy: 'b', trigger: 'hand', started: new Date(0) });
  const waits = 'trap "exit 143" TERM; sleep 300 & wait';
  const name = `${ground.name}-drill-receive`;
  await docker('run', '--detach', '--name', name, '--entrypoint', 'sh', 'haven/noop', '-c', waits);
  await app.zfs(['hold', 'haven:drill:r-old', `${datasetName}@haven-1`]);

  const summary = await drill();

  assert.equal(summary.outcome, 'ok', summary.error?.message);
  assert.equal(app.history.runs({}).find(({ id }) => id === 'r-old')?.outcome, 'interrupted');
  assert.deepEqual(ground.zfsState().datasets[datasetName]!.snapshots[0]!.holds, []);
  assert.equal(await leftovers(ground), '');
});
