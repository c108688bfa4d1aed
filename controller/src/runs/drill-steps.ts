// The single steps of a drill: what each container is given, and what its outcome means for the evidence.
import { chmodSync, chownSync, mkdirSync, statfsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app.ts';
import type { Result } from '../contract/events.ts';
import type { Interpretation } from '../contract/interpret.ts';
import type { Request } from '../contract/request.ts';
import type { Mount } from '../docker/container-options.ts';
import { runImage } from '../docker/run-image.ts';
import type { Evidence, Step } from '../drill/evidence.ts';
import { HavenError } from '../errors.ts';
import { findHolds, listSnapshots, releaseSnapshot } from '../zfs/snapshots.ts';
import { drill } from './images.ts';
import { requestMount } from './run-folder.ts';

export const drillHold = 'haven:drill:';

/** What an image must know to be the drill. */
export const drillVerbs = ['fetch', 'receive', 'verify', 'verify-volume', 'reap'] as const;

export type SnapshotMount = (given: { name: string; snapshot: string; to: string }) => Mount;

export const zfsSnapshotMount: SnapshotMount = (given) => ({ kind: 'snapshot', ...given });

export function scratchOf(app: App): string {
  return app.config.drill.scratch ?? app.home.scratch;
}

/** Runs one verb of the drill image; `signal` is a parameter because a drill that was stopped must still be cleaned up after. */
export async function drillVerb(
  app: App,
  given: { run: string; folder: string; tag: string; request: Request; mounts: Mount[]; signal: AbortSignal },
): Promise<Interpretation> {
  const { run, folder, tag, request } = given;
  const mounts = [requestMount(folder, request, `request-${tag}.json`), ...given.mounts];
  const spec = drill(app, { verb: request.verb, run, mounts });
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

/** Given the scratch folder and a stream's size, throw local-full when the restored data cannot fit. */
export function demandSpace(scratch: string, streamBytes: number): void {
  const { bavail, bsize } = statfsSync(scratch);
  const free = bavail * bsize;
  const needed = Math.ceil(streamBytes * 1.1) + 64 * 2 ** 20;
  if (free >= needed) return;
  const message = `the scratch folder has ${free} bytes free; the drill needs about ${needed}`;
  throw new HavenError({
    code: 'local-full',
    operation: 'drill',
    message,
    hint: 'free space, or set drill.scratch to another disk',
  });
}

/** Makes runs/RUN/work, where fetch (uid 1000) checks a whole part before it uses it: a part does not fit into /tmp. */
export function makeWorkFolder(folder: string): string {
  const work = join(folder, 'work');
  mkdirSync(work, { recursive: true, mode: 0o700 });
  chownSync(work, 1000, 1000);
  return work;
}

/** Parts of a backup in plain: gone as soon as they are of no use. */
export async function removeWorkFolder(folder: string): Promise<void> {
  await rm(join(folder, 'work'), { recursive: true, force: true });
}

/** Evidence of a drill of one dataset that could not even begin. */
export function failedBefore(source: string, now: Date, reason: string): Evidence {
  const none = { ok: false, reason } as const;
  return {
    source,
    startedAt: now.toISOString(),
    endedAt: now.toISOString(),
    seconds: 0,
    backup: none,
    chain: none,
    sourceGuid: none,
    pool: '',
    fetched: none,
    received: none,
    compared: none,
    reaped: none,
    volumesLeft: none,
    tools: {},
  };
}
