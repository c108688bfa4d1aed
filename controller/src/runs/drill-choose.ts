// What a drill of one strategy is to restore: of each dataset the newest committed backup, or the one named, with all that it builds upon.
import type { Dataset } from '../config/schema.ts';
import type { Backup } from '../contract/events.ts';
import { chainOf } from '../drill/chain.ts';
import type { Step } from '../drill/evidence.ts';
import { HavenError } from '../errors.ts';
import type { Strategy } from '../strategies/strategy.ts';
import type { Listing } from './look.ts';

export interface Chosen {
  dataset: Dataset;
  /** The chain that ends in the backup, or why there is none. */
  chain: Step<Backup[]>;
}

/** Given what is in the store, return what is drilled; throws bad-request when the backup named is not one. */
export function choose(
  strategy: Strategy,
  datasets: Dataset[],
  listing: Listing,
  named: string | undefined,
): Chosen[] {
  if (named !== undefined) return [chooseNamed(strategy, datasets, listing, named)];
  return datasets.map((dataset) => {
    const backup = listing.backups.find(({ source }) => source === dataset.id);
    const chain: Step<Backup[]> =
      backup === undefined
        ? { ok: false, reason: `no committed backup of ${dataset.id} in the store` }
        : chainOf(listing.backups, backup);
    return { dataset, chain };
  });
}

function chooseNamed({ name }: Strategy, datasets: Dataset[], listing: Listing, named: string): Chosen {
  const matching = listing.backups.filter(({ id }) => id.startsWith(named));
  const [backup] = matching;
  const dataset = datasets.find(({ id }) => id === backup?.source);
  if (backup !== undefined && matching.length === 1 && dataset !== undefined)
    return { dataset, chain: chainOf(listing.backups, backup) };
  const message =
    matching.length > 1
      ? `several backups begin with ${named}`
      : `no committed backup of a configured dataset begins with ${named}`;
  const hint = `\`haven list ${name}\` shows them`;
  throw new HavenError({ code: 'bad-request', operation: 'drill', message, hint });
}
