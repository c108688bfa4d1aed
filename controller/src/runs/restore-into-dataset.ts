// A new dataset of the owner's: what a drill does, but into that instead of a throwaway pool.
import type { App } from '../app.ts';
import { Fetched, FetchedTree } from '../contract/events.ts';
import type { Step } from '../drill/evidence.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { tried } from './drill-one.ts';
import { drillVerb, fetchMounts, finding, readFinding, restoreVerbsFor, streamBytes } from './drill-steps.ts';
import { because, blame, fetchBeside } from './drill-streams.ts';
import type { Outcome, Place, Restoring } from './restore-place.ts';
import { demandTarget, destroyUnfinished, handOver, noteTarget, restoreMark } from './restore-target.ts';

export function intoDataset(app: App, strategy: Strategy, target: string): Place {
  return {
    words: target,
    verbs: restoreVerbsFor(strategy, 'dataset'),
    demand: async (_run, folder, chain) => {
      const needed = chain === undefined ? 0 : (chain.at(-1)!.sourceBytes ?? streamBytes(chain));
      await demandTarget(app.zfs, target, needed);
      noteTarget(folder, target);
    },
    make: (restoring) => restoreBy[strategy.reads](app, restoring, target),
    restored: (restoring) => `${target}@${snapshotOf(restoring)}`,
    finish: async (_restoring, { sound }) => {
      await handOver(app.zfs, target, sound);
      return undefined;
    },
    undo: async (failure, run) => {
      const destroyed = await tried(() => destroyUnfinished(app.zfs, target, run));
      const why = destroyed.ok ? destroyed.value : destroyed.reason;
      if (why === undefined) return {};
      return {
        subject: target,
        message: `${failure.message}; ${target} is left as far as it had come: ${why}`,
        hint: `when nobody needs it: zfs destroy -r '${target}'`,
      };
    },
    tidy: async () => {},
  };
}

const restoreBy = { streams: restoreStreams, trees: restoreTree } as const;

/** Of streams each became a snapshot; a tree is sealed as one, whatever its chain. */
function snapshotOf({ strategy, chain }: Restoring): string {
  const last = strategy.reads === 'trees' ? 0 : chain.length - 1;
  return `haven-restored-${String(last).padStart(3, '0')}`;
}

async function restoreStreams(app: App, restoring: Restoring, dataset: string): Promise<Outcome> {
  const { run, chain } = restoring;
  const { type } = chain.at(-1)!;
  const { fetch, receive } = await fetchBeside(app, restoring, {
    request: { contract: '1.0', verb: 'restore', run, dataset, type, streams: chain.length },
    mounts: [],
  });
  const culprit = blame(fetch, receive);
  const fetched = because(culprit, fetch, readFinding(fetch, 'fetched', Fetched));
  const received = because(culprit, receive, finding(receive, 'restored'));
  const made = { reads: 'streams', fetched, received } as const;
  return { made, exit: culprit?.exitCode ?? 0, error: culprit?.error };
}

/** The step with the network sees nothing of the pool but an empty dataset, which Docker mounts for it. */
async function restoreTree(app: App, restoring: Restoring, target: string): Promise<Outcome> {
  const { run, folder, strategy, chain, intoVolume } = restoring;
  const ours = [`${restoreMark}=${run}`, 'mountpoint=legacy', 'canmount=noauto'];
  // As the throwaway pools have it: ACLs can be put back, and attributes lie where they are cheap.
  const keeps = ['acltype=posixacl', 'xattr=sa'];
  await app.zfs(['create', ...[...ours, ...keeps].flatMap((property) => ['-o', property]), target]);
  const fetch = await drillVerb(app, {
    run,
    folder,
    tag: 'fetch',
    strategy,
    request: { contract: '1.0', verb: 'fetch', run, strategy: strategy.name, backups: [chain.at(-1)!.id] },
    mounts: [
      ...fetchMounts(app, restoring),
      app.mountZfs({ name: intoVolume, device: target, to: '/haven/restored', writable: true }),
    ],
    signal: app.signal,
  });
  const fetched = readFinding(fetch, 'fetched', FetchedTree);
  const sealed: Step<string> = fetched.ok
    ? await seal(app, target, snapshotOf(restoring))
    : { ok: false, reason: 'skipped: an earlier step failed' };
  return { made: { reads: 'trees', fetched, sealed }, exit: fetch.exitCode, error: fetch.error };
}

/** From then on nothing can change what is compared. */
async function seal(app: App, target: string, snapshot: string): Promise<Step<string>> {
  await app.zfs(['set', 'readonly=on', target]);
  await app.zfs(['snapshot', `${target}@${snapshot}`]);
  await app.zfs(['inherit', 'mountpoint', target]);
  return { ok: true, value: snapshot };
}
