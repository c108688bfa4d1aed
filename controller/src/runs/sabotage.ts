// `haven drill --sabotage`: of each strategy one small backup is copied out of its store, and the copy is damaged in every way that we know of. A drill of each must be
// red, for that reason and no other, and of the whole copy green. The provider's objects are read once and never written.
import { chownSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../app.ts';
import type { Dataset } from '../config/schema.ts';
import type { Backup } from '../contract/events.ts';
import type { Mount } from '../docker/container-options.ts';
import { runImage } from '../docker/run-image.ts';
import { exitCodes, HavenError } from '../errors.ts';
import { ensureKit } from '../kit/write-kit.ts';
import { treeCases, wrongOfTree } from '../sabotage/alterations.ts';
import { readCopy } from '../sabotage/copy.ts';
import { damages, type Expected, type Planned } from '../sabotage/damages.ts';
import { inWords, judgeCase } from '../sabotage/judge-case.ts';
import { judgeRows, type Row, type SabotageReport } from '../sabotage/report.ts';
import { sectionOf } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { holdSnapshot, listSnapshots, releaseSnapshot } from '../zfs/snapshots.ts';
import { eachAlone } from './alone.ts';
import { choose } from './drill-choose.ts';
import { demandSpace, drillHold, finding, scratchOf } from './drill-steps.ts';
import { groundOf } from './grounds.ts';
import { handshake } from './handshake.ts';
import { drillSpec, strategySpec } from './images.ts';
import { listBackups } from './look.ts';
import type { Ending, RunSummary } from './recorded.ts';
import { makeRunFolder, requestMount } from './run-folder.ts';
import { type Sabotaged, tryStore, wholeCopy } from './sabotage-store.ts';
import { makeAlteredTrees, tryTree } from './sabotage-tree.ts';
import { sourcesOf } from './sources.ts';

export interface SabotageOptions {
  backup?: string;
  /** Called with each row as it is known: all of them take minutes. */
  onRow?: (row: Row) => void;
}

export async function runSabotage(
  app: App,
  strategies: Strategy[],
  options: SabotageOptions,
): Promise<RunSummary[]> {
  const about = { kind: 'sabotage', trigger: 'hand' } as const;
  return await eachAlone(app, strategies, about, (own, strategy, run) =>
    sabotage(own, strategy, run, options),
  );
}

async function sabotage(
  app: App,
  strategy: Strategy,
  run: string,
  options: SabotageOptions,
): Promise<Ending> {
  const startedAt = app.now();
  const folder = makeRunFolder(app.home, run);
  const ground = groundOf(app, 'sabotage', run);
  mkdirSync(ground, { recursive: true, mode: 0o700 });
  try {
    const version = drillSpec(app, { verb: 'version', run, mounts: [] });
    await handshake(app, version, ['fetch', 'verify', 'alter']);
    await ensureKit(app, strategy);
    const { dataset, chain } = await smallest(app, strategy, options.backup);
    demandSpace(scratchOf(app), 3 * sum(chain, 'storedBytes') + sum(chain, 'streamBytes'));
    const given = { run, folder, ground, strategy, chain };
    const copiedBytes = await copyBackups(app, given);
    const sabotaged: Sabotaged = { ...given, objects: readCopy(wholeCopy(given)) };
    const rows = await everyCase(app, sabotaged, dataset, options);
    const seconds = (app.now().getTime() - startedAt.getTime()) / 1000;
    const { pass, sentence } = judgeRows(rows);
    const result: SabotageReport = {
      ...{ run, at: app.now().toISOString(), strategy: strategy.name, backup: chain.at(-1)!.id },
      ...{ chain: chain.length, copiedBytes, seconds, pass, sentence, rows },
    };
    if (pass) return { outcome: 'ok', exit: 0, error: null, result };
    const hint = 'do not rely on drills until this is settled; runs/ holds what each container said';
    const error = { code: 'failed', operation: 'sabotage', message: sentence, hint } as const;
    return { outcome: 'failed', exit: exitCodes.failed, error, result };
  } finally {
    rmSync(ground, { recursive: true, force: true });
  }
}

const sum = (chain: readonly Backup[], field: 'storedBytes' | 'streamBytes') =>
  chain.reduce((total, backup) => total + backup[field], 0);

/** The backup that is named, or of the newest one of each dataset that which is the least to download, with all that it builds upon. */
async function smallest(
  app: App,
  strategy: Strategy,
  named: string | undefined,
): Promise<{ dataset: Dataset; chain: Backup[] }> {
  const { found: datasets } = await sourcesOf(app, strategy);
  const listing = await listBackups(app, strategy);
  const [least] = choose(strategy, datasets, listing, { backup: named })
    .flatMap(({ dataset, chain }) => (chain.ok ? [{ dataset, chain: chain.value }] : []))
    .toSorted((a, b) => sum(a.chain, 'storedBytes') - sum(b.chain, 'storedBytes'));
  if (least !== undefined) return least;
  const message = `no committed backup in the store of strategy ${strategy.name} is whole enough to be copied`;
  const hint = `make one first: haven backup ${strategy.name}`;
  throw new HavenError({ code: 'bad-request', operation: 'choose a backup', message, hint });
}

/** Downloads their objects, as they are, by the strategy's own image; returns how many bytes. */
async function copyBackups(app: App, given: Omit<Sabotaged, 'objects'>): Promise<number> {
  const { run, folder, strategy, chain } = given;
  await handshake(app, strategySpec(app, strategy, { verb: 'version', run, mounts: [] }), ['copy', 'audit']);
  const into = wholeCopy(given);
  mkdirSync(into, { mode: 0o755 });
  chownSync(into, strategy.uid, strategy.uid);
  const { settings } = sectionOf(app.config, strategy);
  const backups = chain.map(({ id }) => id);
  const mounts: Mount[] = [
    requestMount(folder, { contract: '1.0', verb: 'copy', run, settings, backups }, 'request-copy.json'),
    { kind: 'folder', from: into, to: '/haven/copy', writable: true },
  ];
  const ended = await runImage(app.engine, strategySpec(app, strategy, { verb: 'copy', run, mounts }), {
    signal: app.signal,
    maxSeconds: app.config.drill.maxHours * 3600,
    folder,
    onEvent: (event) => app.onEvent('copy', event),
  });
  const copied = finding(ended, 'copied');
  if (copied.ok) return copied.value.bytes;
  throw new HavenError(ended.error ?? { code: 'failed', operation: 'copy', message: copied.reason });
}

async function everyCase(
  app: App,
  sabotaged: Sabotaged,
  dataset: Dataset,
  { onRow }: SabotageOptions,
): Promise<Row[]> {
  const rows: Row[] = [];
  const add = (row: Row) => {
    app.signal.throwIfAborted();
    rows.push(row);
    onRow?.(row);
  };
  const control = { audit: null, drill: null };
  const whole = { name: 'whole', what: 'nothing: the copy as it is' };
  add(await storeRow(app, sabotaged, whole, control, { changes: [], about: {} }));
  if (rows[0]!.came === 'NOT') return rows; // Red would mean nothing after this.
  await treeRows(app, sabotaged, dataset, add);
  const ids = sabotaged.chain.map(({ id }) => id);
  for (const damage of damages) {
    const expected = damage.expected[sabotaged.strategy.name];
    if (expected === undefined) continue; // It keeps no such thing.
    add(await storeRow(app, sabotaged, damage, expected, damage.plan(sabotaged.objects, ids)));
  }
  return rows;
}

async function storeRow(
  app: App,
  sabotaged: Sabotaged,
  { name, what }: { name: string; what: string },
  expected: Expected,
  planned: Planned | string,
): Promise<Row> {
  if (typeof planned === 'string')
    return { name, what, demanded: demandedOfStore(expected, {}), came: 'not done', reasons: [planned] };
  const seen = await tryStore(app, sabotaged, planned);
  const { wrong } = judgeCase(expected, planned.about, seen);
  const demanded = demandedOfStore(expected, planned.about);
  return { name, what, demanded, came: wrong.length === 0 ? 'as demanded' : 'NOT', reasons: wrong };
}

export function demandedOfStore({ audit, drill }: Expected, about: Planned['about']): string {
  const ofAudit = audit === null ? 'green' : `red (${audit})`;
  const ofDrill = drill === null ? 'green' : `red (${inWords(drill.reason, about)})`;
  return `audit ${ofAudit}, drill ${ofDrill}`;
}

/** A strategy that keeps trees has just restored one. One that keeps streams has restored nothing without a pool: its source stands for it. */
async function treeRows(
  app: App,
  sabotaged: Sabotaged,
  dataset: Dataset,
  add: (row: Row) => void,
): Promise<void> {
  const { strategy, ground, chain, run } = sabotaged;
  const tryAll = async (tree: Mount) => {
    const altered = await makeAlteredTrees(app, sabotaged, tree);
    for (const one of treeCases) {
      const wrong = wrongOfTree(one.expected, await tryTree(app, sabotaged, altered, one));
      const came = wrong.length === 0 ? 'as demanded' : 'NOT';
      add({ name: one.name, what: one.what, demanded: demandedOfTree(one.expected), came, reasons: wrong });
    }
  };
  if (strategy.reads === 'trees')
    return await tryAll({ kind: 'folder', from: join(ground, 'fetched'), to: '/haven/source' });
  const notDone = (reason: string) => {
    for (const { name, what, expected } of treeCases)
      add({ name, what, demanded: demandedOfTree(expected), came: 'not done', reasons: [reason] });
  };
  const newest = chain.at(-1)!;
  if (newest.type === 'volume') return notDone('a volume has no tree');
  const snapshots = await listSnapshots(app.zfs, dataset.dataset);
  const source = snapshots.find(({ guid }) => guid === newest.guid);
  if (source === undefined) return notDone('the snapshot that was backed up is no longer on this host');
  const tag = drillHold + run;
  const name = `${app.config.name}-drill-source-${app.randomHex(8)}`;
  await holdSnapshot(app.zfs, tag, dataset.dataset, source.name);
  try {
    const device = `${dataset.dataset}@${source.name}`;
    await tryAll(app.mountZfs({ name, device, to: '/haven/source' }));
  } finally {
    await app.engine.removeVolume(name);
    await releaseSnapshot(app.zfs, tag, dataset.dataset, source.name);
  }
}

export function demandedOfTree(expected: (typeof treeCases)[number]['expected']): string {
  if (expected === null) return 'verify green';
  return `verify red (${'kinds' in expected ? expected.kinds.join(' and ') : expected.reason})`;
}
