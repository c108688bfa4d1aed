// What tests of the controller stand on: a HAVEN_HOME of their own, a fake zfs with a memory, a configuration that points at the no-op image.
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { type App, buildApp } from '../src/app.ts';
import { parseConfig } from '../src/config/parse.ts';
import type { StrategyName } from '../src/contract/request.ts';
import { homeAt } from '../src/home.ts';
import { strategyA } from '../src/strategies/a.ts';
import { strategyB } from '../src/strategies/b.ts';
import { type FakeState, fakeState } from './fake-zfs.ts';

export const canary = 'canary-hunter2-7c1e';
export const datasetName = 'tank/secret place';

export interface Ground {
  folder: string;
  name: string;
  zfsState(): FakeState;
  writeZfsState(state: FakeState): void;
  zfsCalls(): string[][];
  writeConfig(more: GroundConfig): void;
}

export interface GroundConfig {
  image?: string;
  drillImage?: string;
  settings?: unknown;
  limits?: unknown;
  maxHours?: number;
  schedule?: string;
  /** Any more of each strategy's section, and of the drill's. */
  section?: Record<string, unknown>;
  drill?: Record<string, unknown>;
  datasets?: Record<string, { dataset: string }>;
  /** Each gets the same section; b alone unless a test says otherwise. */
  strategies?: StrategyName[];
  network?: string;
  /** The dataset's. */
  id?: string;
}

const fake = fileURLToPath(new URL('./fake-zfs.ts', import.meta.url));

export function makeGround(context: TestContext): Ground {
  const folder = mkdtempSync(join(tmpdir(), 'haven-controller-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const statePath = join(folder, 'zfs.json');
  const zfs = join(folder, 'zfs');
  const writeZfsState = (state: FakeState) => writeFileSync(statePath, JSON.stringify(state));
  writeZfsState(fakeState([datasetName]));
  writeFileSync(`${statePath}.calls`, '');
  writeFileSync(zfs, `#!/bin/sh\nexec '${process.execPath}' '${fake}' '${statePath}' "$@"\n`);
  chmodSync(zfs, 0o755);
  for (const { name: strategy, secretFiles, uid } of [strategyA, strategyB]) {
    const secrets = join(folder, 'secrets', strategy);
    mkdirSync(secrets, { recursive: true });
    for (const file of secretFiles) {
      writeFileSync(join(secrets, file), canary, { mode: 0o400 });
      chownSync(join(secrets, file), uid, uid);
    }
  }
  const name = `haven-controller-${randomBytes(4).toString('hex')}`;
  const ground: Ground = {
    folder,
    name,
    writeZfsState,
    zfsState: () => JSON.parse(readFileSync(statePath, 'utf8')) as FakeState,
    zfsCalls: () =>
      readFileSync(`${statePath}.calls`, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as string[]),
    writeConfig(more) {
      const {
        image = 'haven/noop',
        drillImage = 'haven/noop',
        settings = {},
        limits = {},
        maxHours = 1,
        schedule,
        strategies = ['b'],
        network = 'none',
        id = 'home',
        ...others
      } = more;
      const section = {
        ...{ image, network, settings, limits, maxHours },
        ...(schedule === undefined ? {} : { schedule }),
        ...others.section,
      };
      const config = {
        name,
        datasets: others.datasets ?? { [id]: { dataset: datasetName } },
        strategies: Object.fromEntries(strategies.map((strategy) => [strategy, section])),
        drill: { image: drillImage, ...others.drill },
        // Of all daemons that tests start at once only one could have the port.
        monitor: { enabled: false },
        // No machine that runs these tests needs ZFS: any device that every machine has will do.
        host: { zfs, zpool: zfs, zfsDevice: '/dev/zero' },
      };
      writeFileSync(join(folder, 'haven.yaml'), JSON.stringify(config));
    },
  };
  ground.writeConfig({});
  return ground;
}

/** Given a ground, return an app on it that keeps its logs to itself. */
export function groundApp(context: TestContext, ground: Ground, signal = new AbortController().signal): App {
  const parsed = parseConfig(readFileSync(join(ground.folder, 'haven.yaml'), 'utf8'));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const app = buildApp(
    {
      home: homeAt(ground.folder),
      log: pino({ level: 'silent' }),
      now: () => new Date(),
      randomHex: (count) => randomBytes(count).toString('hex'),
      signal,
      onEvent: () => {},
    },
    parsed.config,
  );
  context.after(() => app.history.close());
  // Without ZFS nothing of it can be mounted; an empty volume stands for it.
  return { ...app, mountZfs: ({ name, to, writable = false }) => ({ kind: 'volume', name, to, writable }) };
}
