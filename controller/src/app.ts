// What every part of the controller gets handed: the outer world in one value, wired by main.ts for real and by tests otherwise.
import type { Logger } from 'pino';
import type { Config } from './config/schema.ts';
import type { ImageEvent } from './contract/events.ts';
import type { Verb } from './contract/request.ts';
import { dockerEngine, type Engine } from './docker/engine.ts';
import { type History, openHistory } from './history/history.ts';
import { type Home, makeHome } from './home.ts';
import { createNotifier, type Notifier } from './notify/notifier.ts';
import { type Command, zfsCommand } from './zfs/command.ts';

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
  };
}
