// RunSpecs of the images that there are: who they are, what they are mounted, what they are limited to.
import { accessSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../app.ts';
import type { Verb } from '../contract/request.ts';
import type { Mount, RunSpec } from '../docker/container-options.ts';
import { HavenError } from '../errors.ts';
import { sectionOf } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';

interface Given {
  verb: Verb;
  run: string;
  mounts: Mount[];
}

/** Name of the container that a strategy's backup runs in. */
export function backupName(app: App, { part }: Strategy): string {
  return `${app.config.name}-${part}`;
}

/**
 * A strategy's image. Who writes the state volume has the name that is its lock; whoever only looks reads it, for what is remembered and cached
 * there, under a name of its own: list and audit may run beside a backup of two weeks (docs/decisions/0008). By itself only `backup` writes.
 */
export function strategySpec(
  app: App,
  strategy: Strategy,
  given: Given & { writesState?: boolean },
): RunSpec {
  const { verb, run, mounts, writesState: writable = verb === 'backup' } = given;
  const { image, network, limits } = sectionOf(app.config, strategy);
  const lock = backupName(app, strategy);
  const name = writable ? lock : passingName(lock, verb, run);
  const stateName = `${app.config.name}-${strategy.name}-state`;
  const state: Mount = { kind: 'volume', name: stateName, to: '/haven/state', writable };
  const all = verb === 'version' ? mounts : [...mounts, state, ...secretMounts(app, strategy)];
  const common = commonSpec(app, run);
  return {
    ...common,
    image,
    part: strategy.part,
    strategy: strategy.name,
    verb,
    name,
    network,
    limits,
    mounts: all,
  };
}

/** The drill. Its fetch uses the network of the strategy whose backups it fetches: the store is the same one. */
export function drillSpec(app: App, { verb, run, mounts }: Given, strategy: Strategy | null = null): RunSpec {
  const { image, limits } = app.config.drill;
  const network = strategy === null ? 'none' : sectionOf(app.config, strategy).network;
  const drillName = `${app.config.name}-drill`;
  const passing = verb === 'version' || verb === 'look';
  const name = passing ? passingName(drillName, verb, run) : `${drillName}-${verb}`;
  const common = commonSpec(app, run);
  return {
    ...common,
    image,
    part: 'drill',
    strategy: strategy?.name ?? null,
    verb,
    name,
    network,
    limits,
    mounts,
  };
}

/** For what may run any number of times at once: its name must not be a lock. */
function passingName(name: string, verb: Verb, run: string): string {
  return `${name}-${verb}-${run.split('-').at(-1)}`;
}

function commonSpec(app: App, run: string): { run: string; home: string; zfsDevice: string } {
  return { run, home: app.home.root, zfsDevice: app.config.host.zfsDevice };
}

/** Each secret as a single file: nothing else that may lie in that folder reaches the container. */
function secretMounts(app: App, { name, secretFiles }: Strategy): Mount[] {
  return secretFiles.map((file) => {
    const from = join(app.home.secrets[name], file);
    try {
      accessSync(from);
    } catch (cause) {
      throw new HavenError(
        {
          code: 'bad-request',
          operation: 'find the secrets',
          subject: from,
          message: `the secret ${from} is missing`,
          hint: '`haven doctor` says which secrets are needed',
        },
        { cause },
      );
    }
    return { kind: 'file', from, to: `/run/secrets/${file}` };
  });
}
