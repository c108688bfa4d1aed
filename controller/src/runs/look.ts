// The verbs that only look at B's store: they take no snapshot, hold no lock, and leave no record when all is well.
import { rm } from 'node:fs/promises';
import type { App } from '../app.ts';
import type { Audit, Backup, Result, Selftest } from '../contract/events.ts';
import type { Interpretation } from '../contract/interpret.ts';
import { runImage } from '../docker/run-image.ts';
import { exitCodes, HavenError } from '../errors.ts';
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
  const ended = await look(app, 'list');
  if (ended.outcome !== 'ok' || ended.result === undefined) throw failure(ended, 'list');
  const { backups = [], incomplete = [] } = ended.result;
  const newestFirst = backups.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  return { backups: newestFirst, incomplete };
}

/** Returns how each manifest compares with the store's own listing; findings are an answer, anything else that fails is thrown. */
export async function auditBackups(app: App): Promise<Audit> {
  const ended = await look(app, 'audit');
  const audit = ended.result?.audit;
  const answered = ended.outcome === 'ok' || ended.exitCode === exitCodes.damaged;
  if (!answered || audit === undefined) throw failure(ended, 'audit');
  return audit;
}

/** Returns what the store does where its documents are silent; open questions are an answer, with the error beside it. */
export async function selftestStore(app: App): Promise<{ selftest: Selftest; ended: Interpretation }> {
  const ended = await look(app, 'selftest');
  const selftest = ended.result?.selftest;
  if (selftest === undefined) throw failure(ended, 'selftest');
  return { selftest, ended };
}

async function look(app: App, verb: 'list' | 'audit' | 'selftest'): Promise<Interpretation> {
  const run = newRunId(app.now(), verb, 'b', app.randomHex(3));
  await handshake(app, strategyB(app, { verb: 'version', run, mounts: [] }), [verb]);
  const folder = makeRunFolder(app.home, run);
  const { settings } = app.config.strategies.b;
  const request = requestMount(folder, { contract: '1.0', verb, run, settings });
  const ended = await runImage(app.engine, strategyB(app, { verb, run, mounts: [request] }), {
    signal: app.signal,
    maxSeconds: 3000,
    folder,
    onEvent: (event) => app.onEvent(verb, event),
  });
  // Only what went wrong needs to be looked at later.
  if (ended.outcome === 'ok') await rm(folder, { recursive: true, force: true });
  return ended;
}

function failure(ended: Interpretation, operation: string): HavenError {
  return new HavenError(ended.error ?? { code: 'failed', operation, message: 'no result' });
}
