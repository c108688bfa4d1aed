// The drill of strategy A by Docker, with the no-op image in every role: what each step is given, that a red step ends it, and that it cleans up.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { buildNoop, docker, ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { firstGuid } from '../../testing/fake-zfs.ts';
import { datasetName, type Ground, groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import { strategyA } from '../strategies/a.ts';
import { takeSnapshots } from '../zfs/snapshots.ts';
import { runDrill } from './drill.ts';
import type { DrillVerdict } from './drill-verdict.ts';
import { provenBackups } from './proven.ts';
import type { RunSummary } from './recorded.ts';

before(ensureNoop);

const at = '2026-11-23T20:00:00Z';
const backup = {
  ...{ id: '0f0f0f0f', chain: '0f0f0f0f', kind: 'full', base: null, source: 'home', guid: firstGuid },
  ...{ createdAt: at, committedAt: at, parts: 1, streamBytes: 1000, storedBytes: 500, type: 'filesystem' },
};

interface Prepared {
  ground: Ground;
  app: App;
  drill: () => Promise<RunSummary>;
}

async function prepare(
  context: TestContext,
  scripts: { list?: unknown; drill?: unknown } = {},
): Promise<Prepared> {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const list = scripts.list ?? { result: { backups: [backup] } };
  const drillImage = scripts.drill === undefined ? 'haven/noop' : await buildNoop(context, scripts.drill);
  ground.writeConfig({ drillImage, strategies: ['a'], settings: { script: { list } } });
  const app = groundApp(context, ground);
  // A kit that is there is taken as it is; what is in it is no matter to the double.
  mkdirSync(join(app.home.kit, 'a'), { recursive: true });
  await takeSnapshots(app.zfs, [datasetName], 'haven-1', 'r-0');
  return { ground, app, drill: async () => (await runDrill(app, [strategyA], { trigger: 'hand' }))[0]! };
}

function reds(summary: RunSummary): string[] {
  const { sources } = summary.result as DrillVerdict;
  return sources.flatMap(({ checks }) => checks.filter(({ pass }) => !pass).map(({ name }) => name));
}

async function leftovers(ground: Ground): Promise<string> {
  const containers = await docker('ps', '--all', '--format', '{{.Names}}', '--filter', `name=${ground.name}`);
  const volumes = await docker('volume', 'ls', '--quiet', '--filter', `name=${ground.name}`);
  return [containers, ...volumes.split('\n').filter((name) => name !== `${ground.name}-a-state`)].join('');
}

test('a drill whose every step succeeds is green, says what is not kept, proves the backup, and leaves nothing behind', async (context) => {
  const { ground, app, drill } = await prepare(context);

  const summary = await drill();

  assert.deepEqual(reds(summary), []);
  assert.deepEqual([summary.outcome, summary.exit], ['ok', 0]);
  const verdict = summary.result as DrillVerdict;
  assert.equal(verdict.strategy, 'a');
  assert.match(verdict.sources[0]!.evidence.notKept.join(), /zvols/);
  assert.deepEqual(provenBackups(app.history, strategyA), ['0f0f0f0f']);
  assert.equal(await leftovers(ground), '');
  assert.deepEqual(ground.zfsState().datasets[datasetName]!.snapshots[0]!.holds, []);
});

test('only the step with the kit has a network, and it may make files but not touch a pool', async (context) => {
  const { app, drill } = await prepare(context);
  const accounts = new Map<string, Record<string, string>>();
  app.onEvent = (verb, event) => {
    if (event.event === 'note')
      accounts.set(verb, JSON.parse(String((event as { message: unknown }).message)));
  };

  const { run } = await drill();

  const seen = (verb: string) => [accounts.get(verb)?.uid, accounts.get(verb)?.capBnd];
  const sysAdmin = '0000000000200000';
  assert.deepEqual(seen('prepare'), ['0', sysAdmin]);
  // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, MKNOD, SETFCAP.
  assert.deepEqual(seen('fetch'), ['0', '000000008800001b']);
  assert.deepEqual(seen('seal'), ['0', sysAdmin]);
  const mountsOf = (verb: string) => accounts.get(verb)?.mounts ?? '';
  assert.match(mountsOf('fetch'), /^\/haven\/kit ro,/m);
  assert.match(mountsOf('fetch'), /^\/haven\/restored rw,/m);
  assert.match(mountsOf('verify'), /^\/haven\/restored ro,/m);
  for (const verb of ['prepare', 'seal', 'verify', 'reap'])
    assert.doesNotMatch(mountsOf(verb), /\/haven\/kit|\/run\/secrets/);
  const request = JSON.parse(readFileSync(join(app.home.runs, run, 'request-fetch.json'), 'utf8'));
  assert.deepEqual([request.strategy, request.backups], ['a', ['0f0f0f0f']]);
  assert.ok(!existsSync(join(app.home.runs, run, 'work')));
});

const sealed = { pool: 'tank', dataset: 'tank/restored', snapshot: 'drill-000', guid: '99' };
const fetched = (change: object) => {
  const link = { id: '0f0f0f0f', chain: '0f0f0f0f', kind: 'full', base: null, guid: firstGuid };
  const one = { ...link, volumes: 1, bytes: 500, createdAt: at, ...change };
  return { fetch: { result: { fetched: { tools: {}, seconds: 1, backups: [one] } } } };
};
const red: [string, { list?: unknown; drill?: unknown }, number, string][] = [
  ['an empty store', { list: {} }, 30, 'backup'],
  ['a pool that cannot be made', { drill: { prepare: { exitCode: 23 } } }, 23, 'prepared'],
  ['a fetch that finds damage', { drill: { fetch: { exitCode: 30 } } }, 30, 'fetched'],
  ['a fetch without network', { drill: { fetch: { exitCode: 11 } } }, 11, 'fetched'],
  ['a fetch that tells of streams', { drill: fetched({ id: undefined, backup: '0f0f0f0f' }) }, 30, 'fetched'],
  [
    'a fetch of fewer volumes',
    { list: { result: { backups: [{ ...backup, parts: 2 }] } } },
    30,
    'right-backup',
  ],
  ['a fetch of another snapshot', { drill: fetched({ guid: '7' }) }, 30, 'same-snapshot'],
  ['a seal that fails', { drill: { seal: { exitCode: 1 } } }, 30, 'sealed'],
  [
    'a seal of something else',
    { drill: { seal: { result: { sealed: { ...sealed, scrub: { state: 'finished', errors: 0 } } } } } },
    30,
    'same-dataset',
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
    assert.deepEqual(provenBackups(app.history, strategyA), []);
    assert.equal(await leftovers(ground), '');
  });
}
