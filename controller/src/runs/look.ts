// The verbs that only look at a store: they take no snapshot, hold no lock, change no state, and may run beside a backup of two weeks.
import { rm } from 'node:fs/promises';
import type { App } from '../app.ts';
import type { Backup, ImageEvent, Result, Selftest } from '../contract/events.ts';
import type { Interpretation } from '../contract/interpret.ts';
import type { Request } from '../contract/request.ts';
import { runImage } from '../docker/run-image.ts';
import { HavenError } from '../errors.ts';
import { sectionOf } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { handshake } from './handshake.ts';
import { strategySpec } from './images.ts';
import { makeRunFolder, requestMount } from './run-folder.ts';
import { newRunId } from './run-id.ts';
import { gatherTold } from './told.ts';

export interface Listing {
  /** Newest first. */
  backups: Backup[];
  /** At most some hundred of them; `incompleteCount` counts all. */
  incomplete: NonNullable<Result['incomplete']>;
  incompleteCount: number;
}

/** Returns what is in a strategy's store by asking the image; throws what the image says went wrong. */
export async function listBackups(app: App, strategy: Strategy): Promise<Listing> {
  const run = newRunId(app.now(), 'list', strategy.name, app.randomHex(3));
  const gathered = gatherTold('backup', strategy);
  const ended = await look(app, strategy, { verb: 'list', run }, gathered.take, gathered.overflow);
  if (!gathered.overflow.aborted && ended.outcome !== 'ok')
    throw new HavenError(ended.error ?? { code: 'failed', operation: 'list', message: 'no result' });
  const backups = gathered
    .all(ended.result?.count)
    .toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  const { incomplete = [], incompleteCount = incomplete.length } = ended.result ?? {};
  await forgetFolder(app, run);
  return { backups, incomplete, incompleteCount };
}

type Looking = { run: string } & (
  | { verb: 'list' | 'audit' | 'selftest' }
  | { verb: 'prune'; proven: string[] }
);

/** Returns what the store does where its documents are silent; open questions are an answer, with the error beside it. */
export async function selftestStore(
  app: App,
  strategy: Strategy,
): Promise<{ selftest: Selftest; ended: Interpretation }> {
  const run = newRunId(app.now(), 'selftest', strategy.name, app.randomHex(3));
  const ended = await look(app, strategy, { verb: 'selftest', run });
  const selftest = ended.result?.selftest;
  if (selftest === undefined)
    throw new HavenError(ended.error ?? { code: 'failed', operation: 'selftest', message: 'no result' });
  if (ended.outcome === 'ok') await forgetFolder(app, run);
  return { selftest, ended };
}

/** Runs a verb that looks, `watch`ing its events; `overflow` stops it. */
export async function look(
  app: App,
  strategy: Strategy,
  what: Looking,
  watch: (event: ImageEvent) => void = () => {},
  overflow?: AbortSignal,
): Promise<Interpretation> {
  const { verb, run } = what;
  await handshake(app, strategySpec(app, strategy, { verb: 'version', run, mounts: [] }), [verb]);
  const folder = makeRunFolder(app.home, run);
  const { settings } = sectionOf(app.config, strategy);
  const request: Request = { contract: '1.0', settings, ...what };
  const mounts = [requestMount(folder, request)];
  return await runImage(app.engine, strategySpec(app, strategy, { verb, run, mounts }), {
    signal: overflow === undefined ? app.signal : AbortSignal.any([app.signal, overflow]),
    maxSeconds: 3000,
    folder,
    onEvent: (event) => {
      watch(event);
      app.onEvent(verb, event);
    },
  });
}

/** Only what went wrong needs to be looked at later. */
export async function forgetFolder(app: App, run: string): Promise<void> {
  await rm(makeRunFolder(app.home, run), { recursive: true, force: true });
}
