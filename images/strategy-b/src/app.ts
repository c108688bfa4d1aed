// One run: one verb in, events out, one exit status. Everything outside comes in as `Surroundings`.
import { exitCodes, HavenError, interrupted, reportError } from './contract/errors.ts';
import { createEvents, type Events, type Result } from './contract/events.ts';
import type { Surroundings } from './surroundings.ts';

/** Given the arguments after the program's name, run the verb and return the exit status. Does not throw. */
export async function runVerb(args: string[], surroundings: Surroundings): Promise<number> {
  const events = createEvents(surroundings.writeLine, surroundings.clock);
  const verb = args[0] ?? 'none';
  const known: { run?: string } = {};
  const result = await perform(args, events, surroundings, known).catch((thrown) =>
    failed(verb, thrown, surroundings),
  );
  events.result(verb, known.run, result);
  return statusOf(result);
}

async function perform(
  args: string[],
  events: Events,
  surroundings: Surroundings,
  known: { run?: string },
): Promise<Result> {
  const [verb, ...more] = args;
  if (verb === undefined || more.length > 0) throw badVerb('exactly one verb is needed');
  if (verb === 'version') return (await import('./verbs/version.ts')).version(surroundings.toolPath);

  // From here on: libraries that `version` does without.
  const { isRequestVerb, readRequest } = await import('./contract/request.ts');
  if (!isRequestVerb(verb)) throw badVerb('this verb is not known');
  const request = readRequest(surroundings.paths.request, verb);
  known.run = request.run;
  events.started(verb, request.run);
  const { withContext } = await import('./context.ts');
  return withContext(request, events, surroundings, async (context) => {
    if (request.verb === 'backup') return (await import('./verbs/backup.ts')).backup(request, context);
    if (request.verb === 'list') return (await import('./verbs/list.ts')).list(context);
    if (request.verb === 'prune') return (await import('./verbs/prune.ts')).prune(request, context);
    if (request.verb === 'copy') return (await import('./verbs/copy.ts')).copy(request, context);
    if (request.verb === 'selftest') return (await import('./verbs/selftest.ts')).selftest(context);
    return (await import('./verbs/audit.ts')).audit(context);
  });
}

async function failed(verb: string, thrown: unknown, { stop }: Surroundings): Promise<Result> {
  if (stop.aborted) return { outcome: 'interrupted', error: reportError(interrupted(verb), verb) };
  const { toHavenError } = await import('./drive/errors.ts');
  return { outcome: 'failed', error: reportError(toHavenError(thrown, verb), verb) };
}

function statusOf({ outcome, error }: Result): number {
  if (outcome === 'ok') return exitCodes.ok;
  return exitCodes[error?.code ?? 'failed'];
}

function badVerb(message: string): HavenError {
  return new HavenError('bad-request', message, {
    operation: 'read arguments',
    hint: 'verbs: version, backup, list, audit, prune, selftest, copy',
  });
}
