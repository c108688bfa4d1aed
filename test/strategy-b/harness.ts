// A strategy B of one's own: an emulated Drive, a fake pool, and runs as real processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backup, Result } from '../../images/strategy-b/src/contract/events.ts';
import {
  createFakeTools,
  type FakeSource,
  type FakeTools,
} from '../../images/strategy-b/src/testing/fake-tools.ts';
import type { TestRun } from '../../images/strategy-b/src/testing/surroundings.ts';
import { type Drive, google, startDrive } from './drive.ts';

export const passphrase = 'canary-passphrase-7d1f';

export interface LooseEvent {
  event: string;
  [field: string]: unknown;
}

export interface RunResult {
  status: number | null;
  events: LooseEvent[];
  result: LooseEvent & Partial<Result>;
  stdout: string;
  stderr: string;
}

export interface Bench {
  folder: string;
  drive: Drive;
  tools: FakeTools;
  run(verb: string, request?: object, timing?: TestRun['timing']): Promise<RunResult>;
  /** As `run`, with the process in hand. */
  start(
    verb: string,
    request?: object,
    timing?: TestRun['timing'],
    secret?: string,
    nodeOptions?: string[],
  ): { child: ChildProcess; ended: Promise<RunResult> };
  backup(
    sources: FakeSource[],
    settings?: object,
    timing?: TestRun['timing'],
    kind?: 'auto' | 'full',
  ): Promise<RunResult>;
  useTools(...tools: Parameters<typeof createFakeTools> extends [string, ...infer Rest] ? Rest : never): void;
  /** Names of the files in the spool. */
  spooled(): string[];
  dispose(): Promise<void>;
}

export const smallParts = { partBytes: 100_000, compression: { method: 'xz', level: 0 } };

/** Given sources, start a Drive and make a pool of them. */
export async function createBench(sources: FakeSource[]): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'haven-b-'));
  const drive = await startDrive();

  function start(
    verb: string,
    request: object = {},
    timing: TestRun['timing'] = {},
    secret = passphrase,
    nodeOptions: string[] = [],
  ) {
    const settings = { api: { rootUrl: `${drive.url}/`, tokenUrl: `${drive.url}/token` }, ...smallParts };
    const run: TestRun = {
      folder,
      toolPath: bench.tools.path,
      request: { contract: '1.0', run: 'r-1', verb, settings, ...request },
      secrets: { passphrase: `${secret}\n`, 'google-oauth.json': JSON.stringify(google) },
      timing,
    };
    const file = join(folder, 'run.json');
    writeFileSync(file, JSON.stringify(run));
    const entry = join(import.meta.dirname, 'entry.ts');
    const child = spawn(process.execPath, [...nodeOptions, entry, file, verb], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { child, ended: collect(child) };
  }

  const bench: Bench = {
    folder,
    drive,
    tools: createFakeTools(join(folder, 'tools'), sources),
    start,
    run: (verb, request, timing) => start(verb, request, timing).ended,
    backup: (chosen, settings = {}, timing = {}, kind = 'auto') =>
      bench.run('backup', backupRequest(drive, chosen, settings, kind), timing),
    useTools: (...args) => {
      bench.tools = createFakeTools(join(folder, 'tools'), ...args);
    },
    spooled: () => readdirSync(join(folder, 'state/spool')),
    dispose: async () => {
      await drive.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return bench;
}

/** The fields of a request for `backup`, beside those that `start` adds. */
export function backupRequest(
  { url }: Drive,
  chosen: FakeSource[],
  settings: object = {},
  kind: 'auto' | 'full' = 'auto',
) {
  const api = { rootUrl: `${url}/`, tokenUrl: `${url}/token` };
  return { kind, sources: chosen.map(requestSource), settings: { api, ...smallParts, ...settings } };
}

export function requestSource({ dataset, snapshot, guid }: FakeSource, index = 0) {
  return { id: index === 0 ? 'home' : `home-${index}`, dataset, snapshot, guid };
}

async function collect(child: ChildProcess): Promise<RunResult> {
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr!.on('data', (chunk) => {
    stderr += chunk;
  });
  const status = await new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const events = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as LooseEvent);
  return { status, events, result: events.at(-1) ?? { event: 'none' }, stdout, stderr };
}

/** The backups that a run of `list` told of. */
export function listed({ events }: RunResult): Backup[] {
  const told = events.filter(({ event }) => event === 'backup');
  return told.map(({ event: _event, at: _at, ...backup }) => backup as unknown as Backup);
}

/** A file as the emulator keeps it. */
export interface DriveFile {
  id: string;
  name: string;
  mimeType: string;
  trashed: boolean;
  blobPath?: string;
}

/** Waits until a run has told of its first part. */
export function untilPart(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.stdout!.on('data', (chunk) => {
      if (String(chunk).includes('"event":"part"')) resolve();
    });
  });
}

/** What the emulated Drive holds: its own words, not ours. */
export async function storedFiles(drive: Drive): Promise<DriveFile[]> {
  return (await drive.admin('GET files')).files as DriveFile[];
}
