// The `zfs` commands that strategy B uses. It is delegated send, hold, release and bookmark, and asks for nothing else.

import { HavenError } from '../contract/errors.ts';
import type { Source } from '../contract/request.ts';
import { runCommand, toolEnv } from '../process/command.ts';
import { createScrub, type Scrub } from '../process/stderr-tail.ts';

export interface Zfs {
  env: NodeJS.ProcessEnv;
  scrub: Scrub;
  /** Runs `zfs ARGS…` and returns its stdout. */
  run(args: string[]): Promise<string>;
}

/** Given a source, return `zfs` for it: whatever it says on stderr is scrubbed of that source's names. */
export function createZfs(source: Source, toolPath: string, timeoutMs: number): Zfs {
  const env = toolEnv(toolPath);
  const scrub = createScrub([snapshotName(source), source.dataset, source.snapshot]);
  return { env, scrub, run: (args) => runCommand({ file: 'zfs', args, env, scrub, timeoutMs }) };
}

export function snapshotName(source: Source): string {
  return `${source.dataset}@${source.snapshot}`;
}

export interface SnapshotFacts {
  createdAt: string;
  createTxg: bigint;
  /** Natively encrypted by ZFS. */
  encrypted: boolean;
}

/** Given a source, return what zfs says of it; throws source-unreadable when it is missing or has another GUID than asked for. */
export async function inspectSnapshot(zfs: Zfs, source: Source): Promise<SnapshotFacts> {
  const properties = 'guid,type,creation,createtxg,encryption';
  const lines = await orUnreadable(source, () =>
    zfs.run(['get', '-H', '-p', '-o', 'property,value', properties, snapshotName(source)]),
  );
  const found = new Map(lines.split('\n').map((line) => line.split('\t') as [string, string]));
  if (found.get('type') !== 'snapshot') throw refuse(source, 'what was asked for is not a snapshot');
  if (found.get('guid') !== source.guid) throw refuse(source, 'the snapshot has another GUID than asked for');
  return {
    createdAt: new Date(Number(found.get('creation')) * 1000).toISOString(),
    createTxg: BigInt(found.get('createtxg') ?? '0'),
    encrypted: !['off', '-', undefined].includes(found.get('encryption')),
  };
}

/** What `zfs send -nvP` expects, in bytes, or null when it does not say. An estimate, no more. */
export async function estimateSend(
  zfs: Zfs,
  source: Source,
  sendArguments: string[],
): Promise<number | null> {
  return parseEstimate(
    await orUnreadable(source, () => zfs.run(['send', '-n', '-v', '-P', ...sendArguments])),
  );
}

async function orUnreadable<T>(source: Source, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HavenError && error.code === 'failed') throw refuse(source, error.message, error);
    throw error;
  }
}

/** Given the output of `zfs send -nvP`, return its size line. */
export function parseEstimate(output: string): number | null {
  const size = /^size\t(\d+)$/m.exec(output)?.[1];
  return size === undefined ? null : Number(size);
}

function refuse(source: Source, message: string, cause?: unknown): HavenError {
  return new HavenError('source-unreadable', message, {
    operation: 'read snapshot',
    subject: source.id,
    hint: 'see that the snapshot still exists, that /dev/zfs is there, and that `zfs allow` gives uid 1000 send, hold, release and bookmark',
    cause,
  });
}
