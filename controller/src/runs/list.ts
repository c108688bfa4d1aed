import { rm } from 'node:fs/promises';
import type { App } from '../app.ts';
import type { Backup, Result } from '../contract/events.ts';
import { runImage } from '../docker/run-image.ts';
import { HavenError } from '../errors.ts';
import { handshake } from './handshake.ts';
import { strategyB } from './images.ts';
import { makeRunFolder, requestMount } from './run-folder.ts';
import { newRunId } from './run-id.ts';

export interface Listing {
  backups: Backup[];
  incomplete: NonNullable<Result['incomplete']>;
}

/** Returns what is in B's store, newest first, by asking the image; throws what the image says went wrong. */
export async function listBackups(app: App): Promise<Listing> {
  const run = newRunId(app.now(), 'list', 'b', app.randomHex(3));
  await handshake(app, strategyB(app, { verb: 'version', run, mounts: [] }), ['list']);
  const folder = makeRunFolder(app.home, run);
  const { settings } = app.config.strategies.b;
  const request = requestMount(folder, { contract: '1.0', verb: 'list', run, settings });
  const spec = strategyB(app, { verb: 'list', run, mounts: [request] });
  const ended = await runImage(app.engine, spec, {
    signal: app.signal,
    maxSeconds: 3600,
    folder,
    onEvent: (event) => app.onEvent('list', event),
  });
  if (ended.outcome !== 'ok' || ended.result === undefined) {
    throw new HavenError(ended.error ?? { code: 'failed', operation: 'list', message: 'no result' });
  }
  // Only what went wrong needs to be looked at later.
  await rm(folder, { recursive: true, force: true });
  const { backups = [], incomplete = [] } = ended.result;
  const newestFirst = backups.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  return { backups: newestFirst, incomplete };
}
