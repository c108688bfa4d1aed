// The restoring half of a drill of trees, one step after the other: an empty dataset in a throwaway pool, the files fetched into it, a scrub and a
// snapshot. The step with the network sees neither the pool nor its device, only the dataset; the steps with the device have no network.
import type { App } from '../app.ts';
import { FetchedTree } from '../contract/events.ts';
import type { Interpretation } from '../contract/interpret.ts';
import type { Request } from '../contract/request.ts';
import type { Mount } from '../docker/container-options.ts';
import type { TreeSteps } from '../drill/evidence.ts';
import type { InPool, RestoreOutcome } from './drill-one.ts';
import {
  drillVerb,
  fetchMounts,
  finding,
  poolBytes,
  readFinding,
  scratchOf,
  streamBytes,
} from './drill-steps.ts';

export async function restoreTree(app: App, drilling: InPool): Promise<RestoreOutcome> {
  const { run, strategy, backup, chain, pool } = drilling;
  const scratch = scratchOf(app);
  const skipped = { ok: false, reason: 'skipped: an earlier step failed' } as const;
  const steps: TreeSteps = { reads: 'trees', prepared: skipped, fetched: skipped, sealed: skipped };
  const common = { contract: '1.0', run } as const;
  const onPool = (request: Request): Promise<Interpretation> =>
    step(app, drilling, request, [{ kind: 'folder', from: scratch, to: scratch, writable: true }]);

  const sizeBytes = poolBytes(streamBytes(chain));
  const prepare = await onPool({ ...common, verb: 'prepare', scratch, pool, sizeBytes });
  steps.prepared = finding(prepare, 'prepared');
  if (!steps.prepared.ok) return { steps, exit: prepare.exitCode };

  const into = app.mountZfs({
    name: drilling.intoVolume,
    device: `${pool}/restored`,
    to: '/haven/restored',
    writable: true,
  });
  const fetch = await step(
    app,
    drilling,
    { ...common, verb: 'fetch', strategy: strategy.name, backups: [backup.id] },
    [...fetchMounts(app, drilling), into],
    strategy,
  );
  steps.fetched = readFinding(fetch, 'fetched', FetchedTree);
  if (!steps.fetched.ok) return { steps, exit: fetch.exitCode };

  const seal = await onPool({ ...common, verb: 'seal', scratch, pool });
  steps.sealed = finding(seal, 'sealed');
  return { steps, exit: seal.exitCode };
}

function step(
  app: App,
  { run, folder }: InPool,
  request: Request,
  mounts: Mount[],
  strategy?: InPool['strategy'],
): Promise<Interpretation> {
  const whose = strategy === undefined ? {} : { strategy };
  return drillVerb(app, { run, folder, tag: request.verb, request, mounts, signal: app.signal, ...whose });
}
