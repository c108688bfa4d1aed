// What a controller that was killed left behind: runs without an end, and containers. Called with the part's lock held, so whatever
// is unfinished has no living owner, except a container that still runs: that one is finishing its work, and nobody starts beside it.
import { join } from 'node:path';
import type { App } from '../app.ts';
import type { Interpretation } from '../contract/interpret.ts';
import { labels } from '../docker/container-options.ts';
import type { Found } from '../docker/engine.ts';
import type { Part } from '../docker/privileges.ts';
import { readLeftover } from '../docker/run-image.ts';
import { HavenError, reportOf } from '../errors.ts';
import type { Kind, RunRecord } from '../history/history.ts';
import { type Lock, takeLock } from '../history/lock.ts';
import { configuredStrategies, sectionOf } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { drillVerbs, removeWorkFolder } from './drill-steps.ts';
import { removeGrounds } from './grounds.ts';
import { backupName } from './images.ts';
import { markOf, notedTarget } from './restore-target.ts';
import { makeRunFolder } from './run-folder.ts';

const cutOff = {
  code: 'interrupted',
  operation: 'run',
  message: 'the controller was killed while it ran',
} as const;

/** Looks after a strategy's container: throws busy when it runs, unless it should no longer; an ended one is read, recorded and removed. */
export async function adoptBackup(app: App, strategy: Strategy): Promise<void> {
  endOldAudits(app, strategy);
  const name = backupName(app, strategy);
  const [found] = await app.engine.containers({ name });
  const stop = found?.running ? whyStop(app, strategy, found) : null;
  if (found?.running && stop === null) {
    const message = `a container named ${name} is still at work (run ${found.labels[labels.run] ?? 'unknown'})`;
    const hint = `let it end, or end it: docker stop -t 30 ${name}`;
    throw new HavenError({ code: 'busy', operation: 'backup', message, hint });
  }
  if (found !== undefined) {
    if (stop !== null) {
      app.log.warn({ container: name, ...stop }, 'stopping what a killed controller left at work');
      await app.engine.stop(found.id, 30);
    }
    await recordLeftover(app, strategy, found, stop ?? { stopped: false, timedOut: false });
    await app.engine.remove(found.id);
  }
  await sweep(app);
  await sweepVolumes(app, strategy.part);
  endUnfinished(app, strategy, 'backup');
  endUnfinished(app, strategy, 'prune');
  endUnfinished(app, strategy, 'audit', ({ trigger }) => trigger === 'after-backup');
}

/** All others hold no lock and may still be at work, for an hour at most; a backup of two weeks must not keep them unfinished. */
function endOldAudits(app: App, strategy: Strategy): void {
  endUnfinished(app, strategy, 'audit', ({ trigger, started }) => {
    return trigger !== 'after-backup' && app.now().getTime() - Date.parse(started) > 3600 * 1000;
  });
}

/** Looks after what a killed controller left, when nothing else is about to: `haven up` calls it from time to time. */
export async function adoptAll(app: App, reapAll: (run: string) => Promise<unknown>): Promise<void> {
  const kinds = ['backup', 'prune', 'audit'] as const;
  const strategies = configuredStrategies(app.config);
  for (const strategy of strategies) {
    endOldAudits(app, strategy);
    if (kinds.some((kind) => app.history.unfinished(strategy.name, kind).length > 0))
      await withFreeLock(app, `backup-${strategy.name}`, () => adoptBackup(app, strategy));
  }
  const [drill] = strategies.flatMap(({ name }) =>
    (['drill', 'stream', 'restore', 'sabotage'] as const).flatMap((kind) =>
      app.history.unfinished(name, kind),
    ),
  );
  if (drill === undefined) return;
  await withFreeLock(app, 'drill', async () => {
    await removeDrillContainers(app);
    await reapAll(drill.id);
  });
}

/** Busy is the usual case: the run that is not finished is simply under way. */
async function withFreeLock(app: App, name: string, act: () => Promise<void>): Promise<void> {
  let lock: Lock | undefined;
  try {
    lock = takeLock(app.home.locks, name);
    await act();
  } catch (thrown) {
    if (reportOf(thrown, name).code !== 'busy') throw thrown;
  } finally {
    lock?.release();
  }
}

interface Stop {
  stopped: boolean;
  timedOut: boolean;
}

/** Its own controller would have stopped it by now: nobody else hears of a cancel, or looks at the clock. */
function whyStop(app: App, strategy: Strategy, { labels: of, createdAt }: Found): Stop | null {
  if (app.history.isCancelled(of[labels.run] ?? '')) return { stopped: true, timedOut: false };
  const longestMs = sectionOf(app.config, strategy).maxHours * 3600 * 1000;
  return app.now().getTime() - createdAt.getTime() > longestMs ? { stopped: false, timedOut: true } : null;
}

async function recordLeftover(app: App, { name }: Strategy, found: Found, stop: Stop): Promise<void> {
  const run = found.labels[labels.run] ?? '';
  const verb = found.labels[labels.verb] === 'prune' ? 'prune' : 'backup';
  const record = app.history.unfinished(name, verb).find((unfinished) => unfinished.id === run);
  if (record === undefined) return;
  const read = await readLeftover(app.engine, found.id, verb, run, stop, makeRunFolder(app.home, run));
  const end = stop.timedOut ? read : believable(read);
  app.log.warn({ runId: run, outcome: end.outcome }, 'recorded a run that a killed controller left behind');
  const { outcome, exitCode: exit, error = null, result = null } = end;
  const ended = app.now();
  app.history.end(run, { ended, outcome, exit, error, result });
  const times = { started: record.started, ended: ended.toISOString() };
  await app.notifier.ended(
    { run, kind: verb, strategy: record.strategy, outcome, exit, code: error?.code ?? null, ...times },
    join(app.home.runs, run, 'log.txt'),
  );
}

/** Docker's log may have been rotated or never begun: without a result the run counts as interrupted, with one as what it says. */
function believable(read: Interpretation): Interpretation {
  if (read.result !== undefined) return read;
  return { outcome: 'interrupted', exitCode: 143, result: undefined, error: cutOff };
}

function endUnfinished(
  app: App,
  { name }: Strategy,
  kind: Kind,
  isDead: (record: RunRecord) => boolean = () => true,
): void {
  for (const record of app.history.unfinished(name, kind).filter(isDead)) {
    const end = { ended: app.now(), outcome: 'interrupted', exit: 143, error: cutOff, result: null } as const;
    app.history.end(record.id, end);
  }
}

/** A drill's containers without their orchestrator prove nothing: stopped and removed. */
export async function removeDrillContainers(app: App): Promise<void> {
  for (const verb of [...drillVerbs, 'alter', 'store']) {
    for (const found of await app.engine.containers({ name: `${app.config.name}-drill-${verb}` })) {
      if (found.running) await app.engine.stop(found.id, 30);
      await app.engine.remove(found.id);
    }
  }
  await sweep(app);
  await sweepVolumes(app, 'drill');
  removeGrounds(app);
  for (const strategy of configuredStrategies(app.config)) {
    for (const kind of ['drill', 'stream', 'restore'] as const) {
      for (const { id } of app.history.unfinished(strategy.name, kind))
        await removeWorkFolder(join(app.home.runs, id));
    }
    endUnfinished(app, strategy, 'drill');
    endUnfinished(app, strategy, 'stream');
    endUnfinished(app, strategy, 'sabotage');
    await endRestores(app, strategy);
  }
}

/** What a killed restore made may be all that its owner has: it is named, and left to him. */
async function endRestores(app: App, { name }: Strategy): Promise<void> {
  for (const { id } of app.history.unfinished(name, 'restore')) {
    const target = notedTarget(join(app.home.runs, id));
    const left = target === undefined ? false : await bearsMark(app, target, id);
    const error = left
      ? {
          ...cutOff,
          subject: target,
          message: `${cutOff.message}; ${target} is left as far as it had come`,
          hint: `restore again; and when nobody needs it: zfs destroy -r '${target}'`,
        }
      : cutOff;
    app.history.end(id, { ended: app.now(), outcome: 'interrupted', exit: 143, error, result: null });
  }
}

async function bearsMark(app: App, target: string, run: string): Promise<boolean> {
  try {
    return (await markOf(app.zfs, target)) === run;
  } catch (error) {
    // That nothing is known of it is no reason to leave the record open for ever; most often it was never made.
    app.log.warn({ runId: run, err: error }, 'what a killed restore made could not be looked at');
    return false;
  }
}

/** Removes volumes that were made for one run; called with the lock of their part, so that no such run is under way. */
async function sweepVolumes(app: App, part: Part): Promise<void> {
  for (const name of await app.engine.volumes({ [labels.home]: app.home.root, [labels.part]: part })) {
    try {
      await app.engine.removeVolume(name);
    } catch (error) {
      app.log.warn({ err: error }, 'a volume that an earlier run left could not be removed');
    }
  }
}

/** Removes containers of verbs that only look, when nobody waits for them any more: they end within an hour. */
async function sweep(app: App): Promise<void> {
  for (const found of await app.engine.containers({ home: app.home.root })) {
    const passing = ['version', 'list', 'audit', 'prune', 'copy'].includes(found.labels[labels.verb] ?? '');
    const old = app.now().getTime() - found.createdAt.getTime() > 3600 * 1000;
    if (passing && old) await app.engine.remove(found.id);
  }
}
