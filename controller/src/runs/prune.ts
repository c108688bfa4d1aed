// Deleting old backups of a strategy: a plan is made and shown, and exactly that plan is carried out. Making one only looks, and may be done at any time; carrying it
// out takes the lock, the name and the state volume of the backups, so that nothing chooses a base that is about to go.
import type { App } from '../app.ts';
import type { Plan, Planned } from '../contract/events.ts';
import { runImage } from '../docker/run-image.ts';
import { type ErrorReport, HavenError } from '../errors.ts';
import { takeLock } from '../history/lock.ts';
import { sectionOf } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { strategySpec } from './images.ts';
import { adoptBackup } from './leftovers.ts';
import { forgetFolder, look } from './look.ts';
import { provenBackups } from './proven.ts';
import { type RunSummary, recorded } from './recorded.ts';
import { makeRunFolder, requestMount } from './run-folder.ts';
import { newRunId } from './run-id.ts';
import { gatherTold } from './told.ts';

export interface PlanMade {
  plan: Plan;
  planned: Omit<Planned, 'event' | 'at'>[];
  /** Why nothing may be deleted at all, or null. */
  error: ErrorReport | null;
  exit: number;
}

/** Makes a plan and deletes nothing; throws when none could be made. */
export async function planPrune(app: App, strategy: Strategy): Promise<PlanMade> {
  const run = newRunId(app.now(), 'prune', strategy.name, app.randomHex(3));
  const told = gatherTold('planned', strategy);
  const proven = provenBackups(app.history, strategy);
  const ended = await look(app, strategy, { verb: 'prune', run, proven }, told.take, told.overflow);
  const plan = ended.result?.plan;
  if (!told.overflow.aborted && plan === undefined)
    throw new HavenError(ended.error ?? { code: 'failed', operation: 'prune', message: 'no plan' });
  const planned = told.all(plan === undefined ? undefined : plan.goes + plan.stays);
  if (ended.result?.pruned !== undefined)
    throw new HavenError({
      code: 'failed',
      operation: 'prune',
      message: 'something was deleted, and only a plan was asked for',
    });
  const going = planned.filter(({ goes }) => goes).length;
  if (plan === undefined || going !== plan.goes)
    throw new HavenError({ code: 'failed', operation: 'prune', message: 'the plan contradicts itself' });
  if (ended.outcome === 'ok') await forgetFolder(app, run);
  return { plan, planned, error: ended.error ?? null, exit: ended.exitCode };
}

export interface Applied extends PlanMade {
  /** Null when there was nothing to do, or nothing may be done. */
  applied: RunSummary | null;
}

/** Makes a plan, shows it, and carries it out; `digest` (or its beginning) demands that it is the one that was seen before. */
export async function applyPrune(
  app: App,
  strategy: Strategy,
  digest: string | undefined,
  show: (made: PlanMade) => void,
): Promise<Applied> {
  const lock = takeLock(app.home.locks, `backup-${strategy.name}`);
  try {
    await adoptBackup(app, strategy);
    const made = await planPrune(app, strategy);
    if (made.error === null && digest !== undefined && !made.plan.digest.startsWith(digest))
      throw another(strategy);
    show(made);
    if (made.error !== null || made.plan.goes === 0) return { ...made, applied: null };
    return { ...made, applied: await carryOut(app, strategy, made.plan.digest) };
  } finally {
    lock.release();
  }
}

async function carryOut(app: App, strategy: Strategy, digest: string): Promise<RunSummary> {
  return await recorded(app, { kind: 'prune', strategy, trigger: 'hand' }, async (run) => {
    const folder = makeRunFolder(app.home, run);
    const { settings, maxHours } = sectionOf(app.config, strategy);
    const proven = provenBackups(app.history, strategy);
    const request = { contract: '1.0', verb: 'prune', run, settings, proven, plan: { digest } } as const;
    const mounts = [requestMount(folder, request)];
    const ended = await runImage(
      app.engine,
      strategySpec(app, strategy, { verb: 'prune', run, mounts, writesState: true }),
      {
        signal: app.signal,
        maxSeconds: maxHours * 3600,
        folder,
        onEvent: (event) => app.onEvent('prune', event),
      },
    );
    const { outcome, exitCode: exit, error = null, result = null } = ended;
    if (outcome === 'ok' && result?.pruned === undefined) {
      const message = 'it says that all is well, and not what was deleted';
      return { outcome: 'failed', exit: 1, error: { code: 'failed', operation: 'prune', message }, result };
    }
    return { outcome, exit, error, result };
  });
}

function another({ name }: Strategy): HavenError {
  const message =
    'this is not the plan that would be made now: the store, the settings or the drills have changed';
  const hint = `look at the new one: haven prune ${name}`;
  return new HavenError({ code: 'bad-request', operation: 'prune', message, hint });
}
