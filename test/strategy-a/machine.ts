// A machine with strategy A: a tree that stands for a snapshot, a state volume, secrets; and the real image run on them, against a real Swift.
// There is no ZFS here, so `findmnt` is one of the test's own: what it must say is tested on real ZFS, and in the image's own tests.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { parseEvent } from '../conformance/container.ts';
import { account, type Swift, startSwift } from './swift.ts';

export const image = process.env.HAVEN_IMAGE_A ?? 'haven/strategy-a';
export const passphrase = 'canary-passphrase-5b1e';
/** A name that must never leave the machine. */
export const dataset = 'tank/canary-dataset-77aa';

export interface LooseEvent {
  event: string;
  [field: string]: unknown;
}

export interface Ran {
  status: number;
  events: LooseEvent[];
  result: LooseEvent;
  stdout: string;
  stderr: string;
}

export interface Asked {
  snapshot?: string;
  guid?: string;
  kind?: 'auto' | 'full';
  settings?: object;
  /** More fields of the request. */
  more?: object;
  passphrase?: string;
  password?: string;
  /** What is mounted at the source, when it is not what was asked for. */
  mounted?: string;
  readOnlyState?: boolean;
  /** A file of the tree over which one is mounted that root may not open without a capability that it has not. */
  unreadable?: string;
  /** Called with the name of the container and each event while it runs. */
  onEvent?: (event: LooseEvent, container: string) => void;
}

export interface Machine {
  folder: string;
  swift: Swift;
  /** The tree that is backed up. */
  tree: string;
  write(name: string, content: string | Buffer): void;
  run(verb: string, asked?: Asked): Promise<Ran>;
  /** Restores as a stranger does: stock duplicity with its own Swift client and nothing cached. Returns the folder that holds the source, and the exit code. */
  restore(
    time: string,
    from?: { container?: string; passphrase?: string },
  ): Promise<{ status: number; tree: string; record: string; said: string }>;
  loseState(): Promise<void>;
  dispose(): Promise<void>;
}

export async function createMachine(): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'haven-a-'));
  chmodSync(folder, 0o755);
  const swift = await startSwift();
  const tree = join(folder, 'tree');
  mkdirSync(tree, { mode: 0o755 });
  const state = `${swift.name}-state`;
  await execa('docker', ['volume', 'create', state]);
  let runs = 0;

  const machine: Machine = {
    folder,
    swift,
    tree,
    write: (name, content) => writeFileSync(join(tree, name), content),
    async run(verb, asked = {}) {
      runs += 1;
      const at = join(folder, `run-${runs}`);
      mkdirSync(join(at, 'secrets'), { recursive: true, mode: 0o755 });
      const readable = { mode: 0o644 };
      writeFileSync(join(at, 'request.json'), JSON.stringify(requestOf(verb, asked)), readable);
      writeFileSync(join(at, 'secrets/passphrase'), `${asked.passphrase ?? passphrase}\n`, readable);
      const secret = { ...account, password: asked.password ?? account.password };
      writeFileSync(join(at, 'secrets/swift.json'), JSON.stringify(secret), readable);
      writeFileSync(join(at, 'findmnt'), findmnt(asked), { mode: 0o755 });
      chmodSync(join(at, 'findmnt'), 0o755);
      const mount = (from: string, to: string) => ['--mount', `type=bind,src=${from},dst=${to},readonly`];
      const name = `${swift.name}-run-${runs}`;
      const args = [
        ...[
          'run',
          '--name',
          name,
          '--network',
          swift.name,
          '--user',
          '0',
          '--cap-drop',
          'ALL',
          '--cap-add',
          'DAC_READ_SEARCH',
        ],
        ...['--read-only', '--security-opt', 'no-new-privileges', '--pids-limit', '200', '--memory', '1g'],
        ...['--tmpfs', '/tmp:size=64m,mode=1777'],
        ...mount(join(at, 'request.json'), '/haven/request.json'),
        ...mount(join(at, 'secrets'), '/run/secrets'),
        ...mount(join(at, 'findmnt'), '/usr/bin/findmnt'),
        ...mount(tree, '/haven/source/data'),
        ...(asked.unreadable ? mount('/proc/1/mem', `/haven/source/data/${asked.unreadable}`) : []),
        ...['--mount', `type=volume,src=${state},dst=/haven/state${asked.readOnlyState ? ',readonly' : ''}`],
      ];
      const child = execa('docker', [...args, image, verb], { reject: false });
      if (asked.onEvent) {
        let seen = '';
        child.stdout.on('data', (chunk: Buffer) => {
          const lines = (seen + chunk.toString()).split('\n');
          seen = lines.pop() ?? '';
          for (const line of lines) asked.onEvent?.(parseEvent(line) as LooseEvent, name);
        });
      }
      const ended = await child;
      await execa('docker', ['rm', '--force', name], { reject: false });
      rmSync(at, { recursive: true });
      const events = ended.stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => parseEvent(line) as LooseEvent);
      const result = events.find(({ event }) => event === 'result') ?? { event: 'none' };
      return { status: ended.exitCode ?? -1, events, result, stdout: ended.stdout, stderr: ended.stderr };
    },
    async restore(time, from = {}) {
      runs += 1;
      const out = join(folder, `restored-${runs}`);
      mkdirSync(out);
      const env = {
        SWIFT_AUTHURL: 'http://swift:8080/auth/v1.0',
        SWIFT_AUTHVERSION: '1',
        PASSPHRASE: from.passphrase ?? passphrase,
      };
      const all = { ...env, SWIFT_USERNAME: account.user, SWIFT_PASSWORD: account.password };
      const variables = Object.entries(all).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
      const args = ['run', '--rm', '--network', swift.name, '--user', '0', ...variables];
      args.push('--mount', `type=bind,src=${out},dst=/out`, '--entrypoint', 'duplicity', image);
      args.push(
        'restore',
        '--numeric-owner',
        '--num-retries',
        '1',
        '--time',
        time,
        `swift://${from.container ?? 'haven'}/data`,
        '/out/all',
      );
      const ended = await execa('docker', args, { reject: false, all: true });
      return {
        status: ended.exitCode ?? -1,
        tree: join(out, 'all/source/data'),
        record: join(out, 'all/state/attributes/data/record'),
        said: ended.all,
      };
    },
    async loseState() {
      await execa('docker', ['volume', 'rm', state]);
      await execa('docker', ['volume', 'create', state]);
    },
    async dispose() {
      await execa('docker', ['volume', 'rm', '--force', state], { reject: false });
      await swift.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return machine;
}

export const smallVolumes = { volumeMiB: 1, compression: 'none' };

function requestOf(
  verb: string,
  { snapshot = 'haven-1', guid = '111', kind = 'auto', settings = {}, more = {} }: Asked,
): object {
  const auth = { version: 1, url: 'http://swift:8080/auth/v1.0' };
  const common = { contract: '1.0', verb, run: 'run-1', settings: { auth, ...smallVolumes, ...settings } };
  if (verb === 'backup')
    return { ...common, sources: [{ id: 'data', dataset, snapshot, guid }], kind, ...more };
  return verb === 'prune' ? { ...common, proven: [], ...more } : { ...common, ...more };
}

function findmnt({ snapshot = 'haven-1', mounted }: Asked): string {
  const filesystem = { fstype: 'zfs', source: mounted ?? `${dataset}@${snapshot}`, options: 'ro,relatime' };
  return `#!/bin/sh\ncat <<'END'\n${JSON.stringify({ filesystems: [filesystem] })}\nEND\n`;
}

/** What `diff -r` finds between two trees: '' when nothing. */
export function differences(one: string, other: string): string {
  const run = spawnSync('diff', ['-r', '--no-dereference', one, other], { encoding: 'utf8' });
  return run.status === 0 ? '' : run.stdout + run.stderr;
}

/** The set's time of the newest backup in the store. */
export async function newestTime(swift: Swift): Promise<string> {
  const times = (await swift.list()).flatMap(
    ({ name }) => name.match(/haven-manifest\.(.*)\.json\.gpg$/)?.[1] ?? [],
  );
  return times.sort().at(-1) ?? 'none';
}

export function notes({ events }: Ran): unknown[] {
  return events.filter(({ event }) => event === 'note').map(({ code }) => code);
}

/** Bytes that no compressor makes smaller, the same in every run. */
export function noise(bytes: number, seed = 1): Buffer {
  const out = Buffer.alloc(bytes);
  let x = seed;
  for (let i = 0; i < bytes; i += 4) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    out.writeInt32LE(x | 0, Math.min(i, bytes - 4));
  }
  return out;
}
