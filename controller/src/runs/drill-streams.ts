// The restoring half of a drill of streams: fetch and receive side by side, and which of them is to blame when it fails.
import type { App } from '../app.ts';
import { Fetched } from '../contract/events.ts';
import type { Interpretation } from '../contract/interpret.ts';
import type { Request } from '../contract/request.ts';
import { labels, type Mount } from '../docker/container-options.ts';
import type { Step } from '../drill/evidence.ts';
import { exitCodes } from '../errors.ts';
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

export async function restoreStreams(app: App, drilling: InPool): Promise<RestoreOutcome> {
  const { run, backup, chain, pool } = drilling;
  const scratch = scratchOf(app);
  const { fetch, receive } = await fetchBeside(app, drilling, {
    request: {
      contract: '1.0',
      verb: 'receive',
      run,
      scratch,
      pool,
      sizeBytes: poolBytes(streamBytes(chain)),
      type: backup.type,
      streams: chain.length,
    },
    mounts: [{ kind: 'folder', from: scratch, to: scratch, writable: true }],
  });
  const culprit = blame(fetch, receive);
  const fetched = because(culprit, fetch, readFinding(fetch, 'fetched', Fetched));
  const received = because(culprit, receive, finding(receive, 'received'));
  return { steps: { reads: 'streams', fetched, received }, exit: culprit?.exitCode ?? 0 };
}

/** A pipe for each stream of the chain. When one half fails the other is stopped: it would wait for ever. */
export async function fetchBeside(
  app: App,
  fetched: Pick<InPool, 'run' | 'folder' | 'strategy' | 'chain' | 'pipe'>,
  receiver: { request: Request; mounts: Mount[] },
): Promise<{ fetch: Interpretation; receive: Interpretation }> {
  const { run, folder, strategy, chain, pipe } = fetched;
  const labelled = { [labels.home]: app.home.root, [labels.run]: run, [labels.part]: 'drill' };
  await app.engine.createVolume(pipe, labelled, {
    type: 'tmpfs',
    device: 'tmpfs',
    o: 'uid=1000,gid=1000,mode=755,size=1m',
  });
  const giveUp = new AbortController();
  const signal = AbortSignal.any([app.signal, giveUp.signal]);
  const pipeMount: Mount = { kind: 'volume', name: pipe, to: '/haven/pipe', writable: true };
  const common = { run, folder, signal };
  const stopOther = (ended: Interpretation): Interpretation => {
    if (ended.outcome !== 'ok') giveUp.abort();
    return ended;
  };
  const fetching = drillVerb(app, {
    ...common,
    tag: 'fetch',
    strategy,
    request: {
      contract: '1.0',
      verb: 'fetch',
      run,
      strategy: strategy.name,
      backups: chain.map(({ id }) => id),
    },
    mounts: [...fetchMounts(app, fetched), pipeMount],
  }).then(stopOther);
  const receiving = drillVerb(app, {
    ...common,
    tag: receiver.request.verb,
    request: receiver.request,
    mounts: [...receiver.mounts, pipeMount],
  }).then(stopOther);
  const [fetch, receive] = await Promise.allSettled([
    fetching.catch((error: unknown) => rethrowAfter(giveUp, error)),
    receiving.catch((error: unknown) => rethrowAfter(giveUp, error)),
  ]);
  if (fetch.status === 'rejected') throw fetch.reason;
  if (receive.status === 'rejected') throw receive.reason;
  return { fetch: fetch.value, receive: receive.value };
}

function rethrowAfter(giveUp: AbortController, error: unknown): never {
  giveUp.abort();
  throw error;
}

/**
 * Given both halves, return the one whose failure came first in cause. Their ends in time say nothing: a fetch that fails cuts the
 * stream, and receive may notice before fetch has ended; a receive that fails breaks the pipe under fetch.
 */
export function blame(fetch: Interpretation, receive: Interpretation): Interpretation | undefined {
  const rank = ({ outcome, exitCode }: Interpretation): number => {
    if (outcome === 'ok') return 0;
    if (outcome === 'interrupted') return 1;
    return exitCode === exitCodes.failed ? 2 : 3;
  };
  const worst = rank(fetch) >= rank(receive) ? fetch : receive;
  return worst.outcome === 'ok' ? undefined : worst;
}

/** What a half says that only ended because of the other one would lead astray. */
export function because<T>(
  culprit: Interpretation | undefined,
  ended: Interpretation,
  step: Step<T>,
): Step<T> {
  if (step.ok || culprit === undefined || culprit === ended) return step;
  return {
    ok: false,
    reason: `stopped, because the other half failed: ${culprit.error?.message ?? culprit.outcome}`,
  };
}
