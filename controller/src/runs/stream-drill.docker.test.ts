// A drill of level `stream` by Docker, with the no-op image in every role: what it starts and what it does not, that it cleans up, and that nobody takes it for a drill.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { buildNoop, docker, ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { firstGuid } from '../../testing/fake-zfs.ts';
import { datasetName, type Ground, groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import type { StrategyName } from '../contract/request.ts';
import type { ReadVerdict } from '../drill/stream-level.ts';
import { readStatus } from '../status/status.ts';
import { strategyNamed } from '../strategies/configured.ts';
import { takeSnapshots } from '../zfs/snapshots.ts';
import { runDrill } from './drill.ts';
import type { DrillVerdict } from './drill-verdict.ts';
import { provenBackups, provenSources } from './proven.ts';
import { planPrune } from './prune.ts';
import type { RunSummary } from './recorded.ts';
import { runStreamDrill } from './stream-drill.ts';

before(ensureNoop);

const at = '2026-11-23T20:00:00Z';
const full = {
  ...{ id: '0f0f0f0f', chain: '0f0f0f0f', kind: 'full', base: null, source: 'home', guid: firstGuid },
  ...{ createdAt: at, committedAt: at, parts: 1, streamBytes: 1000, streamSha256: 'ab'.repeat(32) },
  ...{ storedBytes: 500, type: 'filesystem' },
};
/** What the no-op image makes of a chain of two: see its list of GUIDs. */
const older = { ...full, guid: '11', createdAt: '2026-11-22T20:00:00Z' };
const newer = { ...full, id: '1f1f1f1f', kind: 'incremental', base: full.id };

interface Prepared {
  ground: Ground;
  app: App;
  stream: () => Promise<RunSummary>;
}

interface Wanted {
  strategy?: StrategyName;
  backups?: unknown[];
  drill?: unknown;
  config?: Record<string, unknown>;
}

async function prepare(context: TestContext, wanted: Wanted = {}): Promise<Prepared> {
  const { strategy = 'b', backups = [full], config = {} } = wanted;
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const drillImage = wanted.drill === undefined ? 'haven/noop' : await buildNoop(context, wanted.drill);
  const script = { list: { result: { backups } } };
  ground.writeConfig({ drillImage, strategies: [strategy], settings: { script }, drill: config });
  const app = groundApp(context, ground);
  mkdirSync(join(app.home.kit, strategy), { recursive: true });
  await takeSnapshots(app.zfs, [datasetName], 'haven-1', 'r-0');
  const stream = async () => (await runStreamDrill(app, [strategyNamed(strategy)], { trigger: 'hand' }))[0]!;
  return { ground, app, stream };
}

const verdictOf = ({ result }: RunSummary) => result as DrillVerdict<ReadVerdict>;
const reds = (summary: RunSummary) =>
  verdictOf(summary).sources.flatMap(({ checks }) =>
    checks.filter(({ pass }) => !pass).map(({ name }) => name),
  );
/** The verbs that were asked for, by the requests in the run's folder. */
const asked = (app: App, { run }: RunSummary) =>
  readdirSync(join(app.home.runs, run))
    .filter((name) => name.startsWith('request-'))
    .map((name) => JSON.parse(readFileSync(join(app.home.runs, run, name), 'utf8')))
    .map(({ verb, backups, streams }) => [verb, backups ?? streams]);

async function leftovers({ name }: Ground, app: App): Promise<string> {
  const containers = await docker('ps', '--all', '--format', '{{.Names}}', '--filter', `name=${name}`);
  const volumes = await docker('volume', 'ls', '--quiet', '--filter', `name=${name}-drill`);
  const scratch = existsSync(app.home.scratch) ? readdirSync(app.home.scratch) : [];
  return [containers, volumes, ...scratch].join('');
}

test('of B the whole chain is fetched and read: no pool, no hold, no privilege, and nothing stays', async (context) => {
  const { ground, app, stream } = await prepare(context, { backups: [newer, older] });
  const accounts = new Map<string, Record<string, string>>();
  app.onEvent = (verb, event) => {
    if (event.event === 'note')
      accounts.set(verb, JSON.parse(String((event as { message: unknown }).message)));
  };

  const summary = await stream();

  assert.deepEqual(reds(summary), []);
  assert.deepEqual([summary.outcome, summary.exit], ['ok', 0]);
  assert.deepEqual(asked(app, summary), [
    ['fetch', ['0f0f0f0f', '1f1f1f1f']],
    ['parse', 2],
  ]);
  const { uid, capBnd, network, mounts } = accounts.get('parse')!;
  assert.deepEqual([uid, capBnd, network], ['1000', '0000000000000000', 'lo']);
  assert.doesNotMatch(mounts ?? '', /haven\/kit|haven\/scratch|run\/secrets|dev\/zfs/);
  assert.ok(!ground.zfsCalls().some(([verb, tag]) => verb === 'hold' && tag?.startsWith('haven:drill:')));
  const { level, claim, preflight } = verdictOf(summary);
  assert.deepEqual([level, preflight?.downloadBytes, preflight?.scratchBytes], ['stream', 1000, 0]);
  assert.match(claim.doesNotProve, /counts neither as a drill nor as the proof that pruning waits for/);
  assert.equal(await leftovers(ground, app), '');
  const page = readFileSync(join(app.home.verdicts, `${summary.run}.html`), 'utf8');
  assert.match(page, /<title>GREEN: Drill of level stream of strategy b/);
  assert.match(page, /with nothing: that is what a drill of level restore does/);
  assert.match(page, /no proof that the backup can be restored/);
  assert.doesNotMatch(page, /proven restorable|throwaway pool, and compared/);
});

test('of A the files come into a folder that nobody else may enter, and are gone afterwards', async (context) => {
  const { ground, app, stream } = await prepare(context, { strategy: 'a' });
  const modes: number[] = [];
  let mounts = '';
  app.onEvent = (verb, event) => {
    if (verb !== 'fetch' || event.event !== 'note') return;
    for (const name of readdirSync(app.home.scratch))
      modes.push(statSync(join(app.home.scratch, name)).mode & 0o777);
    mounts = String((event as { message: unknown }).message);
  };

  const summary = await stream();

  assert.deepEqual(reds(summary), []);
  assert.deepEqual(asked(app, summary), [['fetch', ['0f0f0f0f']]]);
  assert.deepEqual(modes, [0o700]);
  assert.match(mounts, /\/haven\/restored rw,/);
  assert.equal(await leftovers(ground, app), '');
});

test('a dataset’s green stream drill is a run of its own kind: no drill, no proof, and nothing is pruned for it', async (context) => {
  const config = { schedule: { b: '0 5 * * *' }, stream: { schedule: { b: '0 6 * * *' } } };
  const { app, stream } = await prepare(context, { config });
  const proof = { proven: ['0f0f0f0f'] };
  const proven = () => ({ proven: provenBackups(app.history, { name: 'b' }) });
  const requested = async () => {
    const known = new Set(readdirSync(app.home.runs));
    let request: unknown;
    app.onEvent = () => {};
    const look = setInterval(() => {
      for (const run of readdirSync(app.home.runs).filter((name) => !known.has(name))) {
        const path = join(app.home.runs, run, 'request.json');
        if (existsSync(path)) request = JSON.parse(readFileSync(path, 'utf8'));
      }
    }, 5);
    await planPrune(app, strategyNamed('b'));
    clearInterval(look);
    return { proven: (request as { proven: string[] }).proven };
  };

  assert.equal((await stream()).outcome, 'ok');

  assert.deepEqual(
    app.history.runs({}).map(({ kind }) => kind),
    ['stream'],
  );
  assert.deepEqual([proven(), await requested()], [{ proven: [] }, { proven: [] }]);
  assert.deepEqual([...provenSources(app.history, { name: 'b' })], []);
  const status = readStatus(app);
  const of = (kind: string) => status.strategies.b!.find((one) => one.kind === kind)!;
  assert.deepEqual([of('drill').lastOk, of('drill').freshness.at, status.provenAt], [null, null, null]);
  assert.ok(of('stream').freshness.at !== null);
  assert.match(status.sentence, /^Never proven restorable/);

  // And that these look at what they should: a drill in full counts everywhere.
  const [drilled] = await runDrill(app, [strategyNamed('b')], { trigger: 'hand' });

  assert.equal(drilled!.outcome, 'ok');
  assert.deepEqual([proven(), await requested()], [proof, proof]);
  assert.match(readStatus(app).sentence, /^Last proven restorable/);
});

const red: [string, Wanted, number, string][] = [
  ['an empty store', { backups: [] }, 30, 'backup'],
  ['a fetch that finds damage', { drill: { fetch: { exitCode: 30 } } }, 30, 'fetched'],
  ['a fetch without network', { drill: { fetch: { exitCode: 11 } } }, 11, 'fetched'],
  ['what is no zfs stream', { drill: { parse: { exitCode: 30 } } }, 30, 'parsed'],
  [
    'a stream of another snapshot',
    {
      drill: {
        parse: {
          result: {
            parsed: {
              ...{ guid: '7', tools: {}, seconds: 1 },
              streams: [
                {
                  ...{ guid: '7', baseGuid: null, records: 2 },
                  ...{ streamBytes: 1000, streamSha256: 'ab'.repeat(32) },
                },
              ],
            },
          },
        },
      },
    },
    30,
    'same-snapshot',
  ],
  ['of A, damage', { strategy: 'a', drill: { fetch: { exitCode: 30 } } }, 30, 'fetched'],
  ['of A, a full disk', { strategy: 'a', drill: { fetch: { exitCode: 23 } } }, 23, 'fetched'],
];
for (const [name, wanted, exit, check] of red) {
  test(`${name} is red by ${check}, exit ${exit}, and leaves nothing behind`, async (context) => {
    const { ground, app, stream } = await prepare(context, wanted);

    const summary = await stream();

    assert.deepEqual([summary.outcome, summary.exit], ['failed', exit], summary.error?.message);
    assert.ok(reds(summary).includes(check), `${check} in ${reds(summary)}`);
    assert.equal(await leftovers(ground, app), '');
  });
}

test('damage that it finds is shown by the status, and taken back by the next green one alone', async (context) => {
  const { app, stream } = await prepare(context, { drill: { fetch: { exitCode: 30 } } });
  await stream();

  const status = readStatus(app);

  assert.equal(status.exit, 30);
  assert.match(status.sentence, /The last stream drill found DAMAGE in the store\./);
});

test('what a killed one left in the scratch folder goes with the next drill', async (context) => {
  const { app, stream } = await prepare(context);
  mkdirSync(join(app.home.scratch, 'stream-r-killed', 'restored'), { recursive: true });
  // The owner's, or another Haven's.
  const others = ['stream-recordings', 'sabotage-20261127t000000z-sabotage-a-abcdef'];
  for (const name of others) mkdirSync(join(app.home.scratch, name), { recursive: true });
  app.history.begin({
    ...{ id: 'r-killed', kind: 'stream', strategy: 'b', trigger: 'schedule', started: new Date() },
  });

  await stream();

  assert.deepEqual(
    readdirSync(app.home.scratch).filter((name) => /^s/.test(name)),
    others.toSorted(),
  );
  assert.equal(app.history.runs({}).find(({ id }) => id === 'r-killed')?.outcome, 'interrupted');
});
