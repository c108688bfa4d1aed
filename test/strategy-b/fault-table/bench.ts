// One strategy B for all rows, in this process, so that its clock can leap: whatever it sleeps passes at once, here and in the emulator.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runVerb } from '../../../images/strategy-b/src/app.ts';
import { type Clock, realTiming } from '../../../images/strategy-b/src/surroundings.ts';
import { createFakeTools } from '../../../images/strategy-b/src/testing/fake-tools.ts';
import { createSurroundings } from '../../../images/strategy-b/src/testing/surroundings.ts';
import { type Drive, google, startDrive } from '../drive.ts';
import { type DriveFile, type LooseEvent, passphrase, requestSource, storedFiles } from '../harness.ts';
import { fakeSource } from '../sources.ts';

export interface Run {
  status: number;
  events: LooseEvent[];
}

export interface TableBench {
  drive: Drive;
  backup(own?: object): Promise<Run>;
  audit(): Promise<Run>;
  /** The manifests that were read are read again. */
  forgetManifests(): void;
  /** An empty Drive, a strategy B without state, and a Google with its usual manners. */
  reset(): Promise<void>;
  /** Decodes what the emulator holds, by gpg and xz; null: the very stream that was backed up. */
  wrongWith(files: DriveFile[]): string | null;
  dispose(): Promise<void>;
}

const source = fakeSource({}, 900_000); // half of it incompressible: the first part has two chunks
const partBytes = 500_000;
/** Shorter waits pass in real time: they are there for other processes. */
const leapFromMs = 20;

export async function createTableBench(): Promise<TableBench> {
  const folder = mkdtempSync(join(tmpdir(), 'haven-faults-'));
  const drive = await startDrive();
  const usual = await drive.admin('GET settings');
  const tools = createFakeTools(join(folder, 'tools'), [source]);
  const logFd = openSync(join(folder, 'log'), 'a');
  let leapt = 0;
  const clock: Clock = {
    now: () => Date.now() + leapt,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      if (ms < leapFromMs) return pause(ms, undefined, { signal });
      leapt += ms;
      await drive.admin('POST clock', { advanceSeconds: ms / 1000 });
    },
  };
  // Deadlines that the leaping clock keeps are the real ones; those of real timers are short.
  const timing = { ...realTiming, requestIdleMs: 1500, stallMs: 30_000, killAfterMs: 500, commandMs: 20_000 };

  async function run(verb: 'backup' | 'audit', own: object): Promise<Run> {
    const api = { rootUrl: `${drive.url}/`, tokenUrl: `${drive.url}/token` };
    const settings = { api, partBytes, compression: { method: 'xz', level: 0 }, ...own };
    const more = verb === 'backup' ? { kind: 'auto', sources: [requestSource(source)] } : {};
    const events: LooseEvent[] = [];
    const surroundings = createSurroundings(
      {
        ...{ folder, toolPath: tools.path, timing },
        request: { contract: '1.0', run: 'r-1', verb, settings, ...more },
        secrets: { passphrase: `${passphrase}\n`, 'google-oauth.json': JSON.stringify(google) },
      },
      new AbortController().signal,
      (line) => void events.push(JSON.parse(line)),
      logFd,
    );
    const status = await runVerb([verb], { ...surroundings, clock });
    return { status, events };
  }

  return {
    drive,
    backup: (own = {}) => run('backup', own),
    audit: () => run('audit', {}),
    forgetManifests: () => rmSync(join(folder, 'state/manifests'), { recursive: true, force: true }),
    reset: async () => {
      await drive.admin('DELETE faults');
      await drive.admin('POST settings', usual);
      for (const { id } of await storedFiles(drive))
        await drive.admin(`POST files/${id}/corrupt`, { how: 'delete' });
      rmSync(join(folder, 'state'), { recursive: true, force: true });
      createFakeTools(join(folder, 'tools'), [source]);
    },
    wrongWith: (files) => wrongWith(files, join(folder, 'tmp')),
    dispose: async () => {
      await drive.dispose();
      closeSync(logFd);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function wrongWith(files: DriveFile[], tmp: string): string | null {
  const home = mkdtempSync(join(tmp, 'gpg-'));
  const decrypt = (file: DriveFile) =>
    execFileSync(
      'gpg',
      [
        ...['--homedir', home, '--batch', '--quiet', '--no-autostart', '--pinentry-mode', 'loopback'],
        ...['--passphrase', passphrase, '--decrypt', file.blobPath!],
      ],
      { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 30 },
    );
  try {
    const manifest = JSON.parse(decrypt(files.find(({ name }) => name.endsWith('-manifest'))!).toString());
    const pieces = manifest.parts.map((part: { file: string }) => {
      const file = files.find(({ id }) => id === part.file);
      return execFileSync('xz', ['--decompress', '--stdout'], { input: decrypt(file!), maxBuffer: 2 ** 30 });
    });
    return Buffer.concat(pieces).equals(source.stream) ? null : 'another stream than was backed up';
  } catch (error) {
    return `cannot be decoded: ${(error as Error).message.split('\n')[0]}`;
  } finally {
    rmSync(home, { recursive: true });
  }
}
