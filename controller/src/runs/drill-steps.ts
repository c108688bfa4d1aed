// The single steps of a drill: what each container is given, and what its outcome means for the evidence.
import { chmodSync, chownSync, mkdirSync, statfsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app.ts';
import { bytes } from '../cli/words.ts';
import type { Backup, Result } from '../contract/events.ts';
import type { Interpretation } from '../contract/interpret.ts';
import type { Request } from '../contract/request.ts';
import type { Mount } from '../docker/container-options.ts';
import { runImage } from '../docker/run-image.ts';
import { type Evidence, type Step, stepsNotDone } from '../drill/evidence.ts';
import { HavenError } from '../errors.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { findHolds, listSnapshots, releaseSnapshot } from '../zfs/snapshots.ts';
import type { Drilling } from './drill-one.ts';
import { drillSpec } from './images.ts';
import { requestMount } from './run-folder.ts';

export const drillHold = 'haven:drill:';

/** What an image must know to be the drill of strategies that read like this. */
const verbsFor = {
  streams: ['fetch', 'receive', 'verify', 'verify-volume', 'reap'],
  trees: ['prepare', 'fetch', 'seal', 'verify', 'reap'],
} as const;

/** What an image must know for a drill of level `stream`. */
export function readVerbsFor({ reads }: Strategy): string[] {
  return reads === 'streams' ? ['fetch', 'parse'] : ['fetch'];
}

/** What an image must know to restore for the owner what strategies that read like this have backed up. */
export function restoreVerbsFor({ reads }: Strategy, into: 'dataset' | 'folder'): string[] {
  if (into === 'folder') return [...verbsFor[reads], 'copy-out'];
  return reads === 'streams' ? ['fetch', 'restore', 'verify'] : ['fetch', 'verify'];
}

/** Every verb of the drill image that may be found at work when the controller was killed. */
export const drillVerbs = [
  ...new Set([...Object.values(verbsFor).flat(), 'parse', 'restore', 'copy-out'] as const),
];

export function drillVerbsFor(strategies: Strategy[]): string[] {
  return [...new Set(strategies.flatMap(({ reads }) => verbsFor[reads]))];
}

export function scratchOf(app: App): string {
  return app.config.drill.scratch ?? app.home.scratch;
}

/** Runs one verb of the drill image; `signal` is a parameter because a drill that was stopped must still be cleaned up after. */
export async function drillVerb(
  app: App,
  given: {
    run: string;
    folder: string;
    tag: string;
    /** Whose store it must reach; without one it has no network. */
    strategy?: Strategy;
    request: Request;
    mounts: Mount[];
    signal: AbortSignal;
  },
): Promise<Interpretation> {
  const { run, folder, tag, request } = given;
  const mounts = [requestMount(folder, request, `request-${tag}.json`), ...given.mounts];
  const spec = drillSpec(app, { verb: request.verb, run, mounts }, given.strategy);
  return await runImage(app.engine, spec, {
    signal: given.signal,
    maxSeconds: app.config.drill.maxHours * 3600,
    folder,
    onEvent: (event) => app.onEvent(request.verb, event),
  });
}

/** Given a run of an image, return the named field of its result, or why there is none. */
export function finding<Field extends keyof Result>(
  ended: Interpretation,
  field: Field,
): Step<NonNullable<Result[Field]>> {
  const value = ended.result?.[field];
  if (ended.outcome === 'ok' && value !== undefined && value !== null) return { ok: true, value };
  return { ok: false, reason: ended.error?.message ?? `ended as ${ended.outcome} without ${field}` };
}

/** The same of a field whose form depends on the strategy. */
export function readFinding<T>(
  ended: Interpretation,
  field: keyof Result,
  schema: { safeParse: (value: unknown) => { success: true; data: T } | { success: false } },
): Step<T> {
  const found = finding(ended, field);
  if (!found.ok) return found;
  const read = schema.safeParse(found.value);
  if (read.success) return { ok: true, value: read.data };
  return { ok: false, reason: `its result has wrong or missing fields in ${field}` };
}

/** What every fetch is given: the strategy's half of the kit, and room for what does not fit into /tmp. */
export function fetchMounts(app: App, { folder, strategy }: Pick<Drilling, 'folder' | 'strategy'>): Mount[] {
  const work = makeWorkFolder(folder, strategy.uid);
  return [
    { kind: 'folder', from: join(app.home.kit, strategy.name), to: '/haven/kit' },
    { kind: 'folder', from: work, to: '/haven/work', writable: true },
  ];
}

/** The data of a whole chain: what an incremental replaces stays in the pool, for the snapshots before it have it. */
export function streamBytes(chain: Backup[]): number {
  return chain.reduce((sum, backup) => sum + backup.streamBytes, 0);
}

/** The file is sparse: what counts is that a pool's own overhead and uncompressed data fit. */
export function poolBytes(ofStreams: number): number {
  return ofStreams * 2 + 512 * 2 ** 20;
}

export async function reap(
  app: App,
  { run, folder, pools }: { run: string; folder: string; pools: 'all' | string[] },
): Promise<string[]> {
  const scratch = scratchOf(app);
  mkdirSync(scratch, { recursive: true });
  const ended = await drillVerb(app, {
    run,
    folder,
    tag: 'reap',
    request: { contract: '1.0', verb: 'reap', run, scratch, pools },
    mounts: [{ kind: 'folder', from: scratch, to: scratch, writable: true }],
    signal: AbortSignal.timeout(30 * 60 * 1000),
  });
  const reaped = finding(ended, 'reaped');
  if (reaped.ok) return reaped.value;
  throw new HavenError({
    code: 'failed',
    operation: 'reap throwaway pools',
    message: `throwaway pools could not be destroyed: ${reaped.reason}`,
    hint: '`zpool list` shows them: their names begin with haven-drill-',
  });
}

/** Releases what a killed drill held. Called with the drill's lock taken: no living drill holds anything. */
export async function releaseStaleHolds(app: App, dataset: string): Promise<void> {
  try {
    const snapshots = await listSnapshots(app.zfs, dataset);
    for (const { name, tag } of await findHolds(app.zfs, dataset, snapshots, drillHold)) {
      await releaseSnapshot(app.zfs, tag, dataset, name);
    }
  } catch (error) {
    // The dataset may be gone: that is what a backup is for. The drill goes on and says what it could not compare.
    app.log.warn({ err: error }, 'holds of an earlier drill could not be looked at');
  }
}

/** Makes runs/RUN/out/SOURCE for verify, which is root there without any right to override modes. */
export function makeOutFolder(folder: string, source: string): string {
  const out = join(folder, 'out', source);
  mkdirSync(out, { recursive: true });
  chmodSync(out, 0o700);
  return out;
}

/** Given the size of what is restored, return the room that it needs in the scratch folder. */
export function roomFor(restored: number): number {
  return Math.ceil(restored * 1.1) + 64 * 2 ** 20;
}

/** Given the scratch folder and a stream's size, throw local-full when the restored data cannot fit. */
export function demandSpace(scratch: string, ofStreams: number): void {
  const { bavail, bsize } = statfsSync(scratch);
  const free = bavail * bsize;
  const needed = roomFor(ofStreams);
  if (free >= needed) return;
  const message = `the scratch folder has ${bytes(free)} free; the drill needs about ${bytes(needed)}`;
  throw new HavenError({
    code: 'local-full',
    operation: 'drill',
    message,
    hint: 'free space, or set drill.scratch to another disk',
  });
}

/** Makes runs/RUN/work, where fetch checks a whole part before it uses it. */
function makeWorkFolder(folder: string, uid: number): string {
  const work = join(folder, 'work');
  mkdirSync(work, { recursive: true, mode: 0o700 });
  chownSync(work, uid, uid);
  return work;
}

/** Parts of a backup in plain: gone as soon as they are of no use. */
export async function removeWorkFolder(folder: string): Promise<void> {
  await rm(join(folder, 'work'), { recursive: true, force: true });
}

/** Evidence of a drill of one dataset that could not even begin. */
export function failedBefore(
  { reads, notKept }: Strategy,
  source: string,
  now: Date,
  reason: string,
): Evidence {
  const none = { ok: false, reason } as const;
  return {
    ...stepsNotDone(reads, reason),
    source,
    startedAt: now.toISOString(),
    endedAt: now.toISOString(),
    seconds: 0,
    backup: none,
    chain: none,
    sourceGuid: none,
    pool: '',
    compared: none,
    reaped: none,
    volumesLeft: none,
    tools: {},
    notKept,
    against: null,
  };
}
