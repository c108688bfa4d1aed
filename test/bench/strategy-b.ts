// One full backup of a stream by strategy B, as a process of its own with what the image gives it, and what it cost.
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFakeTools } from '../../images/strategy-b/src/testing/fake-tools.ts';
import { type Drive, google } from '../strategy-b/drive.ts';
import type { Place } from './place.ts';
import { figuresOf, type ProcessFigures } from './process-figures.ts';
import { guid } from './stream.ts';

export type Compression = { method: 'xz' | 'zstd'; level: number } | { method: 'none' };

export interface BackupFigures extends ProcessFigures {
  /** Of the process alone, without its children. */
  peakMebibytes: number;
  /** All parts, and not the manifest. */
  storedBytes: number;
}

export interface Work {
  stream: string;
  compression: Compression;
  store: 'null' | 'drive';
  partBytes?: number;
  chunkBytes?: number;
}

/** Given a stream, back it up once and return what that cost; throws when it is no backup. */
export async function backUp(work: Work, place: Pick<Place, 'work' | 'drive'>): Promise<BackupFigures> {
  const folder = mkdtempSync(join(place.work, 'b-'));
  try {
    const toolPath = poolOf(join(folder, 'tools'), work.stream);
    const file = join(folder, 'run.json');
    writeFileSync(file, JSON.stringify(runOf(work, folder, toolPath, place.drive)));
    const entry = join(import.meta.dirname, 'entry.ts');
    const node = [process.execPath, '--max-semi-space-size=1', entry, file, 'backup'];
    const figures = await figuresOf(node, {
      ...process.env,
      NODE_COMPILE_CACHE: join(place.work, 'compiled'),
    });
    const { mebibytes } = JSON.parse(readFileSync(join(folder, 'peak.json'), 'utf8')) as {
      mebibytes: number;
    };
    return { ...figures, peakMebibytes: mebibytes, storedBytes: storedBytes(figures.stdout) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runOf(
  { compression, store, partBytes, chunkBytes }: Work,
  folder: string,
  toolPath: string,
  drive: Drive,
) {
  const api = { rootUrl: `${drive.url}/`, tokenUrl: `${drive.url}/token` };
  const source = { id: 'data', dataset: 'tank/data', snapshot: 's', guid };
  return {
    ...{ folder, toolPath, store, chunkBytes: chunkBytes ?? 8 * 1024 * 1024 },
    secrets: { passphrase: 'bench\n', 'google-oauth.json': JSON.stringify(google) },
    request: {
      ...{ contract: '1.0', run: 'bench', verb: 'backup', kind: 'full', sources: [source] },
      settings: { api, compression, ...(partBytes === undefined ? {} : { partBytes }) },
    },
  };
}

/** The fake pool of the tests, but for `zfs send`: that one is `cat`, as in the shell that is compared with. */
function poolOf(folder: string, stream: string): string {
  const tools = createFakeTools(folder, [
    { dataset: 'tank/data', snapshot: 's', guid, stream: Buffer.alloc(1) },
  ]);
  renameSync(join(folder, 'zfs'), join(folder, 'zfs-of-the-tests'));
  const send = `#!/bin/sh
case "$*" in
  *' -n'*|*--dryrun*|*--help*) ;;
  'send '*) exec cat '${stream}' ;;
esac
exec '${join(folder, 'zfs-of-the-tests')}' "$@"
`;
  writeFileSync(join(folder, 'zfs'), send, { mode: 0o755 });
  return tools.path;
}

function storedBytes(stdout: string): number {
  let sum = 0;
  for (const line of stdout.split('\n').filter(Boolean)) {
    const event = JSON.parse(line) as { event: string; storedBytes?: number };
    if (event.event === 'part') sum += event.storedBytes ?? 0;
  }
  return sum;
}
