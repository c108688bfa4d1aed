// When a backup in flight is past continuing. Unavailability is never a reason: a pool that is away today may be back tomorrow.
import { HavenError } from '../contract/errors.ts';
import type { Source } from '../contract/request.ts';
import type { InFlight, Journal } from '../state/journal.ts';
import type { PossibleBase } from '../zfs/bases.ts';
import { snapshotName } from '../zfs/zfs.ts';
import { PrefixDiffers } from './resume-stream.ts';

const maxBroken = 3;

/** Given why it could not be continued, return why it never will be, or null. `basesOn` lists what is left of a source's dataset. */
export async function hopeless(
  error: unknown,
  plan: InFlight,
  asked: Source,
  journal: Journal,
  basesOn: (source: Source) => Promise<PossibleBase[]>,
): Promise<string | null> {
  if (error instanceof PrefixDiffers)
    return `zfs send no longer gives the stream that it was begun with (${error.message})`;
  if (!(error instanceof HavenError) || error.code !== 'source-unreadable') return null;
  const look = (source: Source) => basesOn(source).catch(() => null);
  const onHost = await look(plan.source);
  if (onHost === null) {
    const another = plan.source.dataset !== asked.dataset && (await look(asked)) !== null;
    return another ? 'its dataset is gone, and another one has its place in the configuration' : null;
  }
  const name = snapshotName(plan.source);
  if (!onHost.some((it) => it.name === name && it.guid === plan.source.guid)) return 'its snapshot is gone';
  const { base } = plan;
  if (base !== null && !onHost.some(({ guid }) => guid === base.guid))
    return 'the snapshot that it starts from is gone';
  return journal.countBroken(plan.backup) >= maxBroken ? `its stream broke off ${maxBroken} times` : null;
}
