// A drill of level `stream`: of each dataset the newest committed backup, with all that it builds upon, is downloaded with the recovery kit alone, decrypted, decompressed, checked and forgotten. No pool
// is made, no snapshot is needed. It is a run of a kind of its own, so that whoever asks the history for drills (freshness, prune, turns) cannot take it for one.
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app.ts';
import { Fetched, FetchedTree, type Version } from '../contract/events.ts';
import type { Mount } from '../docker/container-options.ts';
import type { Step } from '../drill/evidence.ts';
import { judgeRead, type ReadSteps, type ReadVerdict } from '../drill/stream-level.ts';
import { exitCodes, HavenError, reportOf } from '../errors.ts';
import type { Trigger } from '../history/history.ts';
import { ensureKit } from '../kit/write-kit.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { eachAlone } from './alone.ts';
import { type Chosen, choose } from './drill-choose.ts';
import { type InPool, removeVolumes, tellingExits, tried } from './drill-one.ts';
import { preflight } from './drill-preflight.ts';
import { findRot } from './drill-rot.ts';
import {
  demandSpace,
  drillVerb,
  fetchMounts,
  finding,
  readFinding,
  readVerbsFor,
  removeWorkFolder,
  scratchOf,
  streamBytes,
} from './drill-steps.ts';
import { because, blame, fetchBeside } from './drill-streams.ts';
import { endingOf, sumUp, writeVerdict } from './drill-verdict.ts';
import { groundOf } from './grounds.ts';
import { handshake } from './handshake.ts';
import { drillSpec } from './images.ts';
import { listBackups } from './look.ts';
import type { Ending, RunSummary } from './recorded.ts';
import { makeRunFolder } from './run-folder.ts';
import { sourcesOf } from './sources.ts';

export interface StreamDrillOptions {
  backup?: string;
  /** Of each dataset the newest backup that is no younger. */
  asOf?: Date;
  trigger: Trigger;
}

export async function runStreamDrill(
  app: App,
  strategies: Strategy[],
  options: StreamDrillOptions,
): Promise<RunSummary[]> {
  const about = { kind: 'stream', trigger: options.trigger } as const;
  return await eachAlone(app, strategies, about, (own, strategy, run) =>
    streamDrill(own, strategy, run, options),
  );
}

async function streamDrill(
  app: App,
  strategy: Strategy,
  run: string,
  { backup, asOf }: StreamDrillOptions,
): Promise<Ending> {
  const startedAt = app.now();
  const folder = makeRunFolder(app.home, run);
  const version = await handshake(
    app,
    drillSpec(app, { verb: 'version', run, mounts: [] }),
    readVerbsFor(strategy),
  );
  await ensureKit(app, strategy);
  const { found: datasets } = await sourcesOf(app, strategy);
  const listing = await listBackups(app, strategy);
  const chosen = choose(strategy, datasets, listing, { backup, asOf });
  // Who names a backup or a day may well want an old one, and that one.
  const named = backup !== undefined || asOf !== undefined;
  const rot = named ? [] : findRot(app, strategy.name, listing.backups, datasets);
  const all = preflight(app, chosen);
  const expected = strategy.reads === 'streams' ? { ...all, scratchBytes: 0 } : all;
  app.log.info({ runId: run, ...expected }, 'what is downloaded, and what that takes');
  const sources: ReadVerdict[] = [];
  let exit = 0;
  for (const one of chosen) {
    const read = await readOne(app, { run, folder, strategy, version, ...one });
    sources.push(read.verdict);
    exit ||= read.exit;
    if (!app.signal.aborted) continue;
    throw new HavenError({ code: 'interrupted', operation: 'drill', message: 'stopped by request' });
  }
  const verdict = sumUp({
    ...{ run, level: 'stream', strategy, startedAt, endedAt: app.now(), sources, rot },
    ...{ rotation: null, preflight: expected },
  });
  await writeVerdict(app, verdict, folder);
  return endingOf(verdict, exit);
}

interface Given extends Chosen {
  run: string;
  folder: string;
  strategy: Strategy;
  version: Version;
}

async function readOne(app: App, given: Given): Promise<{ verdict: ReadVerdict; exit: number }> {
  const { strategy, dataset, chain, version } = given;
  const startedAt = app.now();
  const verdictOf = (steps: ReadSteps, left: Step<string[]>): ReadVerdict => {
    const endedAt = app.now();
    return judgeRead({
      ...steps,
      level: 'stream',
      source: dataset.id,
      startedAt: startedAt.toISOString(),
      endedAt: endedAt.toISOString(),
      seconds: (endedAt.getTime() - startedAt.getTime()) / 1000,
      backup: chain.ok ? { ok: true, value: chain.value.at(-1)! } : chain,
      chain,
      left,
      tools: { drill: version.image, ...version.tools, node: process.version },
      notKept: strategy.notKept,
    });
  };
  if (!chain.ok) {
    const verdict = verdictOf(notRead(strategy, chain.reason), { ok: true, value: [] });
    return { verdict, exit: exitCodes.damaged };
  }
  const tag = app.randomHex(8);
  const pipe = `${app.config.name}-drill-pipe-${tag}`;
  const ground = groundOf(app, 'stream', given.run);
  let read: { steps: ReadSteps; exit: number };
  try {
    read = await readers[strategy.reads](app, { ...given, chain: chain.value, pipe, ground });
  } catch (thrown) {
    const report = reportOf(thrown, 'drill');
    read = { steps: notRead(strategy, report.message), exit: exitCodes[report.code] };
  }
  await tried(() => removeWorkFolder(given.folder));
  await tried(() => rm(ground, { recursive: true, force: true }));
  const left = await tried(async () => [
    ...(await removeVolumes(app, [pipe])),
    ...(existsSync(ground) ? [ground] : []),
  ]);
  return { verdict: verdictOf(read.steps, left), exit: tellingExits.has(read.exit) ? read.exit : 0 };
}

function notRead({ reads }: Strategy, reason: string): ReadSteps {
  const none = { ok: false, reason } as const;
  return reads === 'streams' ? { reads, fetched: none, parsed: none } : { reads, fetched: none };
}

interface Reading extends Pick<InPool, 'run' | 'folder' | 'strategy' | 'chain' | 'pipe'> {
  /** Where a tree is put, to be removed at once. */
  ground: string;
}

const readers = { streams: readStreams, trees: readTree } as const;

async function readStreams(app: App, reading: Reading): Promise<{ steps: ReadSteps; exit: number }> {
  const { run, chain } = reading;
  const request = { contract: '1.0', verb: 'parse', run, streams: chain.length } as const;
  const { fetch, receive: parse } = await fetchBeside(app, reading, { request, mounts: [] });
  const culprit = blame(fetch, parse);
  const fetched = because(culprit, fetch, readFinding(fetch, 'fetched', Fetched));
  const parsed = because(culprit, parse, finding(parse, 'parsed'));
  return { steps: { reads: 'streams', fetched, parsed }, exit: culprit?.exitCode ?? 0 };
}

/** Files as they were, setuid bits and devices among them: in a folder that nobody but root may enter. */
async function readTree(app: App, reading: Reading): Promise<{ steps: ReadSteps; exit: number }> {
  const { run, folder, strategy, chain, ground } = reading;
  mkdirSync(scratchOf(app), { recursive: true });
  demandSpace(scratchOf(app), streamBytes(chain));
  const into = join(ground, 'restored');
  mkdirSync(ground, { mode: 0o700 });
  mkdirSync(into);
  chmodSync(into, 0o755);
  const backups = [chain.at(-1)!.id];
  const target: Mount = { kind: 'folder', from: into, to: '/haven/restored', writable: true };
  const fetch = await drillVerb(app, {
    ...{ run, folder, strategy, tag: 'fetch', signal: app.signal },
    request: { contract: '1.0', verb: 'fetch', run, strategy: strategy.name, backups },
    mounts: [...fetchMounts(app, reading), target],
  });
  const fetched = readFinding(fetch, 'fetched', FetchedTree);
  return { steps: { reads: 'trees', fetched }, exit: fetched.ok ? 0 : fetch.exitCode };
}
