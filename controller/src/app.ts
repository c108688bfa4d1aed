// What every part of the controller gets handed: the outer world in one value, wired by main.ts for real and by tests otherwise.
import type { Logger } from 'pino';
import type { Config } from './config/schema.ts';
import type { ImageEvent } from './contract/events.ts';
import type { Verb } from './contract/request.ts';
import type { Mount } from './docker/container-options.ts';
import { dockerEngine, type Engine } from './docker/engine.ts';
import { type History, openHistory } from './history/history.ts';
import { type Home, makeHome } from './home.ts';
import { createNotifier, type Notifier } from './notify/notifier.ts';
import { type Command, zfsCommand } from './zfs/command.ts';

/** Given in full: a volume's name, `dataset@snapshot` or the dataset, and where the container sees it. */
export type ZfsMount = Omit<Extract<Mount, { kind: 'zfs' }>, 'kind'>;

export interface App {
  home: Home;
  config: Config;
  engine: Engine;
  zfs: Command;
  zpool: Command;
  history: History;
  notifier: Notifier;
  log: Logger;
  now: () => Date;
  randomHex: (bytes: number) => string;
  /** Aborted by SIGINT and SIGTERM. */
  signal: AbortSignal;
  onEvent: (verb: Verb, event: ImageEvent) => void;
  /** How a snapshot or a dataset becomes something that a container can look at; only tests without ZFS have another way. */
  mountZfs: (given: ZfsMount) => Mount;
}

export interface Surroundings {
  home: Home;
  log: Logger;
  now: () => Date;
  randomHex: (bytes: number) => string;
  signal: AbortSignal;
  onEvent: (verb: Verb, event: ImageEvent) => void;
}

/** Given a configuration, return everything that a run needs; makes the folders and opens the history. */
export function buildApp(surroundings: Surroundings, config: Config): App {
  const { home, log, now } = surroundings;
  makeHome(home);
  const history = openHistory(home.history);
  const ways = { name: config.name, secrets: home.secretsOfNotify, healths: history, log, now };
  return {
    ...surroundings,
    config,
    engine: dockerEngine(config.host.dockerSocket),
    zfs: zfsCommand(config.host.zfs),
    zpool: zfsCommand(config.host.zpool),
    history,
    notifier: createNotifier(config.notify, ways),
    mountZfs: (given) => ({ kind: 'zfs', ...given }),
  };
}
