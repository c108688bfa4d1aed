// `selftest`: what Google Drive does where its documents are silent, seen with a few small files of its own, which it removes. Never touches others.
import { randomBytes } from 'node:crypto';
import type { Context } from '../context.ts';
import { HavenError, reportError } from '../contract/errors.ts';
import type { Result } from '../contract/events.ts';
import { createExchange, isOpen } from '../selftest/exchange.ts';
import {
  type Observation,
  observation,
  type Question,
  questions,
  unsettled,
} from '../selftest/observation.ts';
import * as probes from '../selftest/probes.ts';

const longestListLagMs = 60_000;
const patienceMs = 120_000;
const cleanUpMs = 20_000;

export async function selftest(context: Context): Promise<Result> {
  const { surroundings, store, connection, retry } = context;
  const mark = surroundings.randomId();
  const exchange = createExchange(connection, {
    ...retry,
    giveUpAfterMs: Math.min(retry.giveUpAfterMs, patienceMs),
  });
  const found = new Map<Question, Observation>();
  const note = (seen: Observation): void => {
    found.set(seen.id, seen);
    context.events.progress('selftest', found.size, Object.keys(questions).length, 'parts');
  };
  const probing: probes.Probing = {
    ...{ exchange, rootUrl: connection.rootUrl, mark, note },
    ...{ content: randomBytes(3 * probes.K), clock: surroundings.clock, stop: surroundings.stop },
  };
  const ids = (await store.generateIds(4)) as [string, string, string, string];
  const why: string[] = [];
  let removed = false;
  try {
    for (const probe of [
      () => probes.probeUpload(probing, ids[0]),
      () => probes.probeListing(probing, longestListLagMs),
      () => probes.probeIdInUse(probing, ids[0]),
      () => probes.probeGap(probing, ids[1]),
      () => probes.probeSmallChunk(probing, ids[2]),
      () => probes.probeCancel(probing, ids[3]),
    ]) {
      await probe().catch((error) => {
        if (!isOpen(error)) throw error;
        why.push(error.message);
      });
    }
  } finally {
    removed = await cleanUp(context, ids, mark);
  }
  await store.get(ids[0]).then(
    () => note(observation('delete', 'it is still there')),
    (error) =>
      note(
        isOpen(error) && error.kind === 'not-found'
          ? observation('delete', error.message)
          : unsettled('delete', 'no answer'),
      ),
  );
  note(observation('retry-after', exchange.retryAfter.join('; ') || 'never seen'));
  const observations = (Object.keys(questions) as Question[]).map(
    (id) => found.get(id) ?? unsettled(id, why[0] ?? 'not reached'),
  );
  const facts = { observations, calls: context.calls(), removed };
  const open = observations.filter(({ settled }) => !settled).length;
  if (!removed) return { outcome: 'failed', error: reportError(leftOver(mark), 'selftest'), selftest: facts };
  if (open > 0)
    return { outcome: 'failed', error: reportError(stillOpen(open, why[0]), 'selftest'), selftest: facts };
  return { outcome: 'ok', selftest: facts };
}

/** By the ids that we were given, and over a connection that a stop does not cut: also when we are told to stop. Returns whether all is gone. */
async function cleanUp(context: Context, ids: string[], mark: string): Promise<boolean> {
  const store = await context.anotherStore(AbortSignal.timeout(cleanUpMs));
  try {
    for (const id of ids) await store.remove(id);
    return true;
  } catch {
    context.log.warn({ mark }, 'files of the self-test could not be removed');
    return false;
  }
}

function leftOver(mark: string): HavenError {
  return new HavenError('try-later', 'files of the self-test could not be removed', {
    operation: 'selftest',
    hint: `delete the files named ${probes.nameOf(mark)} in Google Drive; they are no backups`,
  });
}

function stillOpen(count: number, why: string | undefined): HavenError {
  return new HavenError(
    'try-later',
    `${count} questions are not settled${why === undefined ? '' : ` (${why})`}`,
    {
      operation: 'selftest',
      hint: 'run it again',
    },
  );
}
