// A server on which everything is as `haven doctor` wants it; each test then breaks one thing.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { App } from '../src/app.ts';
import { strategyNames } from '../src/contract/request.ts';
import type { Engine } from '../src/docker/engine.ts';
import type { Check } from '../src/doctor/check.ts';
import { type Examining, examine } from '../src/doctor/examine.ts';
import type { Machine } from '../src/doctor/machine.ts';
import { HavenError } from '../src/errors.ts';
import { rememberExport } from '../src/kit/exported.ts';
import { writeKit } from '../src/kit/write-kit.ts';
import type { Command } from '../src/zfs/command.ts';
import { fakeZfs } from './fake-zfs.ts';
import { datasetName, type Ground, groundApp, makeGround } from './ground.ts';

export const version = {
  event: 'result',
  at: '2026-11-23T20:00:00Z',
  contract: '1.0',
  verb: 'version',
  outcome: 'ok',
  version: {
    contract: '1.0',
    supported: ['1.0'],
    image: '0.1.0',
    strategy: null,
    verbs: ['backup', 'list', 'prepare', 'fetch', 'seal', 'receive', 'verify', 'verify-volume', 'reap'],
    tools: {},
  },
};

/** A Docker in which every image answers `version` well. */
export function fakeEngine(change: Partial<Engine> = {}, answer: unknown = version): Engine {
  return {
    version: async () => '28.0',
    imageId: async () => 'sha256:1',
    containers: async () => [],
    create: async () => 'c',
    attach: async (_id, outputs) => {
      outputs.stdout(Buffer.from(`${JSON.stringify(answer)}\n`));
      return { ended: Promise.resolve() };
    },
    start: async () => {},
    wait: async () => ({ exitCode: 0, oomKilled: false, error: '' }),
    stop: async () => {},
    logs: async () => {},
    remove: async () => {},
    createVolume: async () => {},
    volumes: async () => [],
    volumeExists: async () => false,
    removeVolume: async () => {},
    ...change,
  };
}

export interface Healthy {
  ground: Ground;
  app: App;
  machine: Machine;
}

/** A machine on which everything is as it should be. */
export async function healthy(context: TestContext, engine = fakeEngine()): Promise<Healthy> {
  const ground = makeGround(context);
  const state = ground.zfsState();
  state.datasets[datasetName]!.allowed = ['send', 'hold', 'release', 'bookmark'];
  ground.writeZfsState(state);
  const app = inProcess({ ...groundApp(context, ground), engine });
  for (const name of strategyNames)
    writeFileSync(join(app.home.secrets[name], 'passphrase'), `${name}-7c1e-0f3b-99aa-41d2-e0c6`);
  chmodSync(join(app.home.root, 'secrets'), 0o700);
  await writeKit(app);
  await rememberExport(app, 'folder');
  const machine = { proc: join(ground.folder, 'proc'), dockerData: ground.folder, hostname: 'c0ffee' };
  mkdirSync(join(machine.proc, 'spl/kstat/zfs'), { recursive: true });
  writeMemory(machine, { total: 4096, available: 3000, swap: 1024 });
  return { ground, app, machine };
}

function inProcess(app: App): App {
  const zfs: Command = async (args) => {
    try {
      return await fakeZfs(join(app.home.root, 'zfs.json'), args);
    } catch (cause) {
      throw new HavenError({ code: 'source-unreadable', operation: 'zfs', message: 'refused' }, { cause });
    }
  };
  return { ...app, zfs, zpool: zfs };
}

/** The same machine with both strategies. */
export async function healthyBoth(context: TestContext): Promise<Healthy> {
  const { ground, app: first, machine } = await healthy(context);
  ground.writeConfig({ strategies: ['a', 'b'] });
  const app = inProcess({ ...groundApp(context, ground), engine: first.engine });
  await writeKit(app);
  await rememberExport(app, 'folder');
  return { ground, app, machine };
}

export function writeMemory(
  { proc }: Machine,
  { total, available, swap }: Record<'total' | 'available' | 'swap', number>,
): void {
  const lines = { MemTotal: total, MemAvailable: available, SwapTotal: swap };
  const text = Object.entries(lines).map(([name, mib]) => `${name}:       ${mib * 1024} kB\n`);
  writeFileSync(join(proc, 'meminfo'), text.join(''));
}

export function changeZfs(ground: Ground, change: (state: ReturnType<Ground['zfsState']>) => void): void {
  const state = ground.zfsState();
  change(state);
  ground.writeZfsState(state);
}

/** What `haven doctor` finds, without asking any store unless told to. */
export function look(
  { app, machine }: Pick<Healthy, 'app' | 'machine'>,
  more: Partial<Examining> = {},
): Promise<Check[]> {
  return examine(app, { fix: false, machine, ...more });
}

export function notOk(checks: Check[]): string[] {
  return checks.filter(({ state }) => state !== 'ok').map(({ name, state }) => `${name}: ${state}`);
}
