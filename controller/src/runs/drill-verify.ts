// The comparing half of a drill: the end of the restored chain against the snapshot on this host. A filesystem's trees are mounted by
// Docker and walked; a volume's bytes are read by `zfs send` on either side.
import type { App } from '../app.ts';
import type { Comparison } from '../contract/events.ts';
import type { Interpretation } from '../contract/interpret.ts';
import type { Mount } from '../docker/container-options.ts';
import { restored, type Step } from '../drill/evidence.ts';
import { exitCodes, reportOf } from '../errors.ts';
import type { Drilling, Standing } from './drill-one.ts';
import { drillVerb, finding, makeOutFolder } from './drill-steps.ts';

export async function verify(
  app: App,
  drilling: Drilling,
  source: { name: string; guid: string },
): Promise<Step<Comparison>> {
  const compare = drilling.backup.type === 'volume' ? volume : filesystem;
  // Named here, not taken from what receive says: whoever compares must not be told by it what with.
  const ended = await compare(app, drilling, source, restoredSnapshot(drilling));
  return comparisonOf(ended);
}

/** A mismatch ends with exit 30, with the comparison beside the error: the verdict needs its numbers. */
export function comparisonOf(ended: Interpretation): Step<Comparison> {
  const comparison = ended.result?.comparison;
  if (ended.exitCode === exitCodes.damaged && comparison !== undefined)
    return { ok: true, value: comparison };
  return finding(ended, 'comparison');
}

/** What two strategies restored of one snapshot, side by side: neither knows anything of the other. */
export async function compareTrees(app: App, a: Standing, b: Standing): Promise<Step<Comparison>> {
  for (const { steps, drilling } of [a, b]) {
    if (!restored(steps))
      return { ok: false, reason: `skipped: strategy ${drilling.strategy.name} restored nothing` };
  }
  const seen = ({ drilling }: Standing, to: string): Mount =>
    app.mountZfs({
      name: drilling.restoredVolume,
      device: `${drilling.pool}/restored@${restoredSnapshot(drilling)}`,
      to,
    });
  const { run, folder, dataset } = a.drilling;
  const out = makeOutFolder(folder, `${dataset.id}-against-${b.drilling.strategy.name}`);
  try {
    const mounts = [seen(b, '/haven/source'), seen(a, '/haven/restored')];
    const ended = await walk(app, { run, folder, tag: 'verify-against', out }, mounts);
    return comparisonOf(ended);
  } catch (thrown) {
    return { ok: false, reason: reportOf(thrown, 'compare').message };
  }
}

/** Of streams each is a snapshot; a tree is sealed as one, whatever its chain. */
export function restoredSnapshot({ strategy, chain }: Pick<Drilling, 'strategy' | 'chain'>): string {
  return strategy.reads === 'trees' ? 'drill-000' : `drill-${String(chain.length - 1).padStart(3, '0')}`;
}

function filesystem(
  app: App,
  drilling: Drilling,
  source: { name: string },
  snapshot: string,
): Promise<Interpretation> {
  const { run, folder, dataset, pool, sourceVolume, restoredVolume } = drilling;
  return walk(app, { run, folder, tag: 'verify', out: makeOutFolder(folder, dataset.id) }, [
    app.mountZfs({ name: sourceVolume, device: `${dataset.dataset}@${source.name}`, to: '/haven/source' }),
    app.mountZfs({ name: restoredVolume, device: `${pool}/restored@${snapshot}`, to: '/haven/restored' }),
  ]);
}

/** Given what is mounted at /haven/source and /haven/restored, compare the one with the other. */
export function walk(
  app: App,
  { run, folder, tag, out }: { run: string; folder: string; tag: string; out: string },
  trees: Mount[],
): Promise<Interpretation> {
  return drillVerb(app, {
    run,
    folder,
    tag,
    request: { contract: '1.0', verb: 'verify', run, compare: 'filesystem' },
    mounts: [...trees, { kind: 'folder', from: out, to: '/haven/out', writable: true }],
    signal: app.signal,
  });
}

function volume(
  app: App,
  { run, folder, dataset, pool }: Drilling,
  source: { name: string; guid: string },
  restored: string,
): Promise<Interpretation> {
  const named = { dataset: dataset.dataset, snapshot: source.name, guid: source.guid };
  return drillVerb(app, {
    run,
    folder,
    tag: 'verify-volume',
    request: { contract: '1.0', verb: 'verify-volume', run, pool, restored, source: named },
    mounts: [],
    signal: app.signal,
  });
}
