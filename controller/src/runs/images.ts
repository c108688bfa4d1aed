// RunSpecs of the images that there are: who they are, what they are mounted, what they are limited to.
import { accessSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../app.ts';
import type { Verb } from '../contract/request.ts';
import type { Mount, RunSpec } from '../docker/container-options.ts';
import { HavenError } from '../errors.ts';

export const secretFilesOfB = ['passphrase', 'google-oauth.json'] as const;

interface Given {
  verb: Verb;
  run: string;
  mounts: Mount[];
  /** Whether it may write the state volume; by itself only `backup` does. */
  writesState?: boolean;
}

/** Name of the container that a backup runs in. */
export function backupName(app: App): string {
  return `${app.config.name}-strategy-b`;
}

/**
 * Strategy B. Who writes the state volume has the name that is its lock; whoever only looks reads it, for what is remembered and cached there,
 * under a name of its own: list and audit may run beside a backup of two weeks (docs/decisions/0008).
 */
export function strategyB(app: App, given: Given): RunSpec {
  const { verb, run, mounts, writesState: writable = verb === 'backup' } = given;
  const { image, network, limits } = app.config.strategies.b;
  const name = writable ? backupName(app) : passingName(backupName(app), verb, run);
  const state: Mount = { kind: 'volume', name: `${app.config.name}-b-state`, to: '/haven/state', writable };
  const secrets = verb === 'version' ? [] : secretMounts(app);
  const all = verb === 'version' ? mounts : [...mounts, state, ...secrets];
  return { ...common(app, run), image, part: 'strategy-b', verb, name, network, limits, mounts: all };
}

/** The drill. Its fetch uses the strategy's network: the store is the same one. */
export function drill(app: App, { verb, run, mounts }: Given): RunSpec {
  const { image, limits } = app.config.drill;
  const { network } = app.config.strategies.b;
  const drillName = `${app.config.name}-drill`;
  const name = verb === 'version' ? passingName(drillName, verb, run) : `${drillName}-${verb}`;
  return { ...common(app, run), image, part: 'drill', verb, name, network, limits, mounts };
}

/** For what may run any number of times at once: its name must not be a lock. */
function passingName(name: string, verb: Verb, run: string): string {
  return `${name}-${verb}-${run.split('-').at(-1)}`;
}

function common(app: App, run: string): { run: string; home: string; zfsDevice: string } {
  return { run, home: app.home.root, zfsDevice: app.config.host.zfsDevice };
}

/** Each secret as a single file: nothing else that may lie in that folder reaches the container. */
function secretMounts(app: App): Mount[] {
  return secretFilesOfB.map((file) => {
    const from = join(app.home.secretsOfB, file);
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
