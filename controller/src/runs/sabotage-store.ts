// One damage to a store: a fresh copy, the damage, a scratch store with it, and then the very audit and the very fetch that audits and drills do.
import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../app.ts';
import type { Backup } from '../contract/events.ts';
import { Fetched, FetchedTree } from '../contract/events.ts';
import type { Interpretation } from '../contract/interpret.ts';
import type { Mount } from '../docker/container-options.ts';
import { runImage } from '../docker/run-image.ts';
import type { CopiedObject } from '../sabotage/copy.ts';
import { damageCopy } from '../sabotage/damage-copy.ts';
import type { Planned } from '../sabotage/damages.ts';
import type { Seen } from '../sabotage/judge-case.ts';
import { sectionOf } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { readFinding } from './drill-steps.ts';
import { drillSpec, strategySpec } from './images.ts';
import { requestMount } from './run-folder.ts';
import { scratchSecrets, writeScratchKit } from './scratch-kit.ts';
import { type RunningStore, startScratchStore } from './scratch-store.ts';
import { drainStreams } from './stream-sink.ts';

export interface Sabotaged {
  run: string;
  /** The run's folder, where events and logs go. */
  folder: string;
  /** Where everything that is made for this is, to be removed at the end. */
  ground: string;
  strategy: Strategy;
  objects: readonly CopiedObject[];
  /** The backup that is drilled, with all that it builds upon, from the full on. */
  chain: readonly Backup[];
}

/** Folder of the whole copy. It is never written to. */
export function wholeCopy({ ground }: Pick<Sabotaged, 'ground'>): string {
  return join(ground, 'copy');
}

/** Given a copy and what to do to it, return what audit and fetch say of the result. */
export async function tryStore(app: App, sabotaged: Sabotaged, planned: Planned): Promise<Seen> {
  const { run, ground, strategy, objects } = sabotaged;
  const damaged = join(ground, 'damaged');
  damageCopy(wholeCopy(sabotaged), objects, planned.changes, damaged);
  const given = { run, copy: damaged, state: join(ground, 'store') };
  const store = await startScratchStore(app, strategy.scratch, given);
  try {
    const kit = join(ground, 'kit');
    writeScratchKit(app, strategy, kit, store.caPem, planned.wrongKey === true);
    const audit = await auditCopy(app, sabotaged, store, kit);
    const drill = await fetchCopy(app, sabotaged, store, kit);
    return { audit, drill };
  } finally {
    await store.stop();
    rmSync(damaged, { recursive: true, force: true });
  }
}

/** Its state is kept from one damage to the next: an audit remembers what it saw. */
async function auditCopy(
  app: App,
  { run, folder, ground, strategy }: Sabotaged,
  store: RunningStore,
  kit: string,
): Promise<Seen['audit']> {
  const state = ownFolder(join(ground, 'state'), strategy.uid);
  const settings = strategy.scratch.settings(sectionOf(app.config, strategy).settings, store.caPem);
  const request = { contract: '1.0', verb: 'audit', run, settings } as const;
  const mounts: Mount[] = [
    requestMount(folder, request, 'request-audit.json'),
    { kind: 'folder', from: state, to: '/haven/state', writable: true },
    ...scratchSecrets(strategy, kit),
  ];
  const spec = strategySpec(app, strategy, { verb: 'audit', run, mounts: [] });
  const ended = await runImage(app.engine, { ...spec, network: store.network, mounts }, options(app, folder));
  const findings = ended.result?.audit?.findings.map(({ kind }) => kind) ?? [];
  return { exit: ended.exitCode, findings, message: messageOf(ended) };
}

async function fetchCopy(
  app: App,
  sabotaged: Sabotaged,
  store: RunningStore,
  kit: string,
): Promise<Seen['drill']> {
  const { run, folder, ground, strategy, chain } = sabotaged;
  const into = ownFolder(join(ground, 'fetched'), strategy.uid, true);
  const work = ownFolder(join(ground, 'work'), strategy.uid, true);
  const streams = strategy.reads === 'streams';
  const backups = (streams ? chain : chain.slice(-1)).map(({ id }) => id);
  const request = { contract: '1.0', verb: 'fetch', run, strategy: strategy.name, backups } as const;
  const mounts: Mount[] = [
    requestMount(folder, request, 'request-fetch.json'),
    { kind: 'folder', from: kit, to: '/haven/kit' },
    { kind: 'folder', from: work, to: '/haven/work', writable: true },
    { kind: 'folder', from: into, to: streams ? '/haven/pipe' : '/haven/restored', writable: true },
  ];
  const spec = { ...drillSpec(app, { verb: 'fetch', run, mounts }, strategy), network: store.network };
  const fetching = runImage(app.engine, spec, options(app, folder));
  const passed = streams ? drainStreams(into, chain.length, fetching) : Promise.resolve([]);
  const [ended, through] = await Promise.all([fetching, passed]);
  const ok = (streams ? readFinding(ended, 'fetched', Fetched) : readFinding(ended, 'fetched', FetchedTree))
    .ok;
  const all = streams && chain.every(({ streamBytes }, n) => through[n]?.bytes === streamBytes);
  const same = chain.every(({ streamSha256 }, n) => through[n]?.sha256 === streamSha256);
  return { exit: ended.exitCode, message: messageOf(ended), whole: ok && (!streams || (all && same)), all };
}

function options(app: App, folder: string) {
  return { signal: app.signal, maxSeconds: app.config.drill.maxHours * 3600, folder };
}

function messageOf(ended: Interpretation): string {
  return ended.error?.message ?? (ended.outcome === 'ok' ? '' : `ended as ${ended.outcome}`);
}

function ownFolder(path: string, uid: number, empty = false): string {
  if (empty) rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true, mode: 0o755 });
  chmodSync(path, 0o755);
  chownSync(path, uid, uid);
  return path;
}
