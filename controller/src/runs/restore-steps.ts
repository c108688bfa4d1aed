// The restoring half of a restore: what a drill does, but into a dataset of the owner's.
import type { App } from '../app.ts';
import { type Backup, Fetched, FetchedTree, type Result } from '../contract/events.ts';
import type { Interpretation } from '../contract/interpret.ts';
import type { Step } from '../drill/evidence.ts';
import type { Made } from '../restore/proof.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { drillVerb, fetchMounts, finding, readFinding } from './drill-steps.ts';
import { because, blame, fetchBeside } from './drill-streams.ts';
import { restoreMark } from './restore-target.ts';

export interface Restoring {
  run: string;
  folder: string;
  strategy: Strategy;
  /** From its full on; the last is the one that is wanted. */
  chain: Backup[];
  target: string;
  pipe: string;
  intoVolume: string;
}

interface Outcome {
  made: Made;
  /** The step that is to blame; undefined when all went well. */
  culprit: Interpretation | undefined;
}

export const restoreInto = { streams: restoreStreams, trees: restoreTree } as const;

/** Name of the snapshot that a restored chain ends in. */
export function restoredSnapshot({ strategy, chain }: Restoring): string {
  const last = strategy.reads === 'trees' ? 0 : chain.length - 1;
  return `haven-restored-${String(last).padStart(3, '0')}`;
}

async function restoreStreams(app: App, restoring: Restoring): Promise<Outcome> {
  const { run, target: dataset, chain } = restoring;
  const { type } = chain.at(-1)!;
  const { fetch, receive } = await fetchBeside(app, restoring, {
    request: { contract: '1.0', verb: 'restore', run, dataset, type, streams: chain.length },
    mounts: [],
  });
  const culprit = blame(fetch, receive);
  const fetched = because(culprit, fetch, readFinding(fetch, 'fetched', Fetched));
  const received = because(culprit, receive, finding(receive, 'restored' satisfies keyof Result));
  return { made: { reads: 'streams', fetched, received }, culprit };
}

/** The step with the network sees nothing of the pool but an empty dataset, which Docker mounts for it. */
async function restoreTree(app: App, restoring: Restoring): Promise<Outcome> {
  const { run, folder, strategy, chain, target, intoVolume } = restoring;
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
  if (!fetched.ok) {
    const sealed = { ok: false, reason: 'skipped: an earlier step failed' } as const;
    return { made: { reads: 'trees', fetched, sealed }, culprit: fetch };
  }
  const sealed = await seal(app, restoring);
  return { made: { reads: 'trees', fetched, sealed }, culprit: undefined };
}

/** From then on nothing can change what is compared. */
async function seal(app: App, restoring: Restoring): Promise<Step<string>> {
  const snapshot = restoredSnapshot(restoring);
  await app.zfs(['set', 'readonly=on', restoring.target]);
  await app.zfs(['snapshot', `${restoring.target}@${snapshot}`]);
  await app.zfs(['inherit', 'mountpoint', restoring.target]);
  return { ok: true, value: snapshot };
}
