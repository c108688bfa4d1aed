// Docker's place in the time-lapse: what the controller starts as a container runs here as a function, on the same mounts. Strategy B is its own program with
// another clock. Of the drill, fetch is the kit's own program; receive and verify are made up, for there is no ZFS: they hold the restored streams
// against what the pool must have given. Nothing of the controller is made up.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ContainerCreateOptions } from 'dockerode';
import type { Engine, Outputs } from '../../controller/src/docker/engine.ts';
import { runVerb } from '../../images/strategy-b/src/app.ts';
import { realTiming } from '../../images/strategy-b/src/surroundings.ts';
import { type Clock, shaOf } from './clock.ts';
import type { Pool } from './pool.ts';

interface Container {
  options: ContainerCreateOptions;
  outputs: Outputs | undefined;
  stop: AbortController;
  ended: Promise<number> | undefined;
}

export interface Ground {
  folder: string;
  pool: Pool;
  clock: Clock;
  random: () => number;
}

/** What a fetch puts into a pipe's volume, for the receive beside it. */
interface Link {
  manifest: Manifest;
  stream: Buffer;
}

interface Manifest {
  backup: string;
  guid: string;
  baseGuid: string | null;
  streamBytes: number;
  streamSha256: string;
  [field: string]: unknown;
}

/** What is read of a drill's requests. */
interface DrillRequest {
  backups: string[];
  pool: string;
  pools: 'all' | string[];
}

interface Pipe {
  links: Promise<Link[]>;
  put(links: Promise<Link[]>): void;
}

export function functionEngine(ground: Ground): Engine & { loseVolume(name: string): void } {
  const containers = new Map<string, Container>();
  const volumes = new Set<string>();
  const pipes = new Map<string, Pipe>();
  /** What was received into a throwaway pool. */
  const received = new Map<string, Link[]>();
  let ids = 0;

  const folderOf = (volume: string) => join(ground.folder, 'volumes', volume);
  const at = () => new Date(ground.clock.now()).toISOString();
  const one = (id: string) => containers.get(id)!;

  async function run({ options, outputs, stop }: Container): Promise<number> {
    const verb = options.Cmd![0]!;
    const emit = (event: object) =>
      outputs?.stdout(Buffer.from(`${JSON.stringify({ at: at(), ...event })}\n`));
    if (options.Image === 'strategy-b')
      return strategyB(verb, options, (line) => outputs?.stdout(Buffer.from(line)), stop.signal);
    const request =
      verb === 'version' ? {} : JSON.parse(readFileSync(mounted(options, '/haven/request.json'), 'utf8'));
    const about = {
      event: 'result',
      contract: '1.0',
      verb,
      ...(verb === 'version' ? {} : { run: request.run }),
    };
    try {
      const fields = await drill(verb, request, options, stop.signal);
      emit({ ...about, outcome: 'ok', ...fields });
      return 0;
    } catch (error) {
      const { exit = 1, message, fields } = error as { exit?: number; message: string; fields?: object };
      const code = exit === 30 ? 'damaged' : exit === 11 ? 'try-later' : 'failed';
      emit({ ...about, outcome: 'failed', ...fields, error: { code, operation: verb, message } });
      return exit;
    }
  }

  async function strategyB(
    verb: string,
    options: ContainerCreateOptions,
    writeLine: (line: string) => void,
    stop: AbortSignal,
  ): Promise<number> {
    const tmp = mkdtempSync(join(ground.folder, 'tmp-'));
    try {
      const asks = verb !== 'version';
      const toolPath = ground.pool.toolPath();
      const exit = await runVerb([verb], {
        paths: {
          request: asks ? mounted(options, '/haven/request.json') : '',
          secrets: asks ? dirname(mounted(options, '/run/secrets/passphrase')) : '',
          state: asks ? folderOf(mounted(options, '/haven/state')) : '',
          tmp,
          copy: tmp,
        },
        toolPath,
        clock: ground.clock,
        random: ground.random,
        randomId: () => createHash('md5').update(String(ground.random())).digest('hex'),
        writeLine,
        logFd: ground.clock.logFd,
        timing: { ...realTiming, commandMs: 120_000 },
        chunkBytes: 256 * 1024,
        stop,
      });
      ground.pool.readBack();
      return exit;
    } finally {
      rmSync(tmp, { recursive: true, force: true });
    }
  }

  async function drill(
    verb: string,
    request: DrillRequest,
    options: ContainerCreateOptions,
    stop: AbortSignal,
  ): Promise<object> {
    if (verb === 'version') {
      const verbs = ['version', 'fetch', 'receive', 'verify', 'verify-volume', 'reap'];
      return {
        version: {
          contract: '1.0',
          supported: ['1.0'],
          image: 'time-lapse',
          strategy: null,
          verbs,
          tools: {},
        },
      };
    }
    if (verb === 'reap') return { reaped: request.pools === 'all' ? [] : request.pools };
    if (verb === 'fetch') {
      const links = fetchAll(mounted(options, '/haven/kit'), request.backups, stop);
      pipeOf(mounted(options, '/haven/pipe')).put(links);
      const backups = (await links).map(({ manifest }) => ({ ...manifest, seconds: 1 }));
      return { fetched: { backups, tools: {}, seconds: 1 } };
    }
    if (verb === 'receive') {
      const links = await pipeOf(mounted(options, '/haven/pipe')).links;
      received.set(request.pool, links);
      const streams = links.map(({ stream, manifest }, n) => {
        return {
          snapshot: `drill-${n}`,
          guid: guidIn(stream),
          streamBytes: manifest.streamBytes,
          streamSha256: shaOf(stream),
        };
      });
      const { guid } = streams.at(-1)!;
      const scrub = { state: 'finished', errors: 0 };
      return {
        received: {
          pool: request.pool,
          dataset: 'restored',
          snapshot: 'drill',
          guid,
          streams,
          scrub,
          tools: {},
          seconds: 1,
        },
      };
    }
    return verify(options);
  }

  function verify(options: ContainerCreateOptions): object {
    const device = (target: string) => deviceOf(options, target);
    const guid = ground.pool.guidOf(device('/haven/source').split('@')[1]!);
    const links = received.get(device('/haven/restored').split('/')[0]!) ?? [];
    const last = links.at(-1);
    let mismatches = last === undefined || last.manifest.guid !== guid ? 1 : 0;
    for (const { stream, manifest } of links)
      if (!stream.equals(ground.pool.expected(manifest.guid, manifest.baseGuid))) mismatches += 1;
    const bytes = links.reduce((sum, { stream }) => sum + stream.length, 0);
    const comparison = {
      entries: links.length,
      files: links.length,
      bytes,
      mismatches,
      byType: { file: links.length },
      checked: ['content'],
      tools: {},
      seconds: 1,
    };
    if (mismatches > 0)
      throw Object.assign(new Error(`${mismatches} differ`), { exit: 30, fields: { comparison } });
    return { comparison };
  }

  function pipeOf(name: string): Pipe {
    const found = pipes.get(name);
    if (found !== undefined) return found;
    let put: Pipe['put'] = () => {};
    const links = new Promise<Link[]>((resolve) => {
      put = resolve;
    });
    const pipe = { links, put };
    links.catch(() => {}); // whoever receives hears of it; nobody else must
    pipes.set(name, pipe);
    return pipe;
  }

  return {
    version: async () => 'time-lapse',
    imageId: async (image) => `sha256:${image}`,
    containers: async () => [],
    create: async (options) => {
      ids += 1;
      const id = String(ids);
      containers.set(id, { options, outputs: undefined, stop: new AbortController(), ended: undefined });
      for (const { Type, Source } of options.HostConfig?.Mounts ?? []) {
        if (Type !== 'volume') continue;
        volumes.add(Source);
        mkdirSync(folderOf(Source), { recursive: true });
      }
      return id;
    },
    attach: async (id, outputs) => {
      one(id).outputs = outputs;
      return { ended: Promise.resolve() };
    },
    start: async (id) => {
      one(id).ended = run(one(id));
    },
    wait: async (id) => ({ exitCode: await one(id).ended!, oomKilled: false, error: '' }),
    stop: async (id) => one(id).stop.abort(),
    logs: async () => {},
    remove: async (id) => void containers.delete(id),
    createVolume: async (name) => {
      volumes.add(name);
      mkdirSync(folderOf(name), { recursive: true });
    },
    volumes: async () => [],
    volumeExists: async (name) => volumes.has(name),
    removeVolume: async (name) => {
      volumes.delete(name);
      pipes.delete(name);
      rmSync(folderOf(name), { recursive: true, force: true });
    },
    loseVolume: (name) => rmSync(folderOf(name), { recursive: true, force: true }),
  };
}

function mountAt(options: ContainerCreateOptions, target: string) {
  const found = options.HostConfig?.Mounts?.find(({ Target }) => Target === target);
  if (found === undefined) throw new Error(`nothing is mounted at ${target}`);
  return found;
}

function mounted(options: ContainerCreateOptions, target: string): string {
  return mountAt(options, target).Source;
}

function deviceOf(options: ContainerCreateOptions, target: string): string {
  return mountAt(options, target).VolumeOptions!.DriverConfig.Options.device!;
}

function guidIn(stream: Buffer): string {
  return stream.readBigUInt64LE(40).toString();
}

/** The kit's own program, once a backup, each of which must continue the one before. */
async function fetchAll(kit: string, backups: string[], stop: AbortSignal): Promise<Link[]> {
  const links: Link[] = [];
  for (const backup of backups) {
    const link = await fetchOne(kit, backup, stop);
    if (link.manifest.baseGuid !== (links.at(-1)?.manifest.guid ?? null))
      throw Object.assign(new Error('it does not continue the one before'), { exit: 30 });
    links.push(link);
  }
  return links;
}

export function fetchOne(kit: string, backup: string, signal: AbortSignal): Promise<Link> {
  return new Promise((resolve, reject) => {
    const options = { encoding: 'buffer' as const, maxBuffer: 2 ** 26, signal };
    execFile('sh', [join(kit, 'restore-b.sh'), 'stream', backup], options, (error, stream, said) => {
      const text = said.toString();
      const line = text.split('\n').find((one) => one.startsWith('manifest: '));
      if (error === null && line !== undefined) {
        const { format: _format, ...manifest } = JSON.parse(line.slice('manifest: '.length)) as Manifest;
        return resolve({ manifest: manifest as Manifest, stream });
      }
      const message = /^ERROR: (.*)$/m.exec(text)?.[1] ?? `restore-b.sh: ${error?.message}`;
      reject(Object.assign(new Error(message), { exit: typeof error?.code === 'number' ? error.code : 1 }));
    });
  });
}
