// What a drill of one strategy can restore: of each dataset the newest committed backup, or the one of a day or of a name, with all that it builds upon.
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

interface Wanted {
  backup?: string | undefined;
  asOf?: Date | undefined;
}

/** Given what is in the store, return what is drilled; throws bad-request when the backup named is not one. */
export function choose(
  strategy: Strategy,
  datasets: Dataset[],
  listing: Listing,
  { backup: named, asOf }: Wanted = {},
): Chosen[] {
  if (named !== undefined) return [chooseNamed(strategy, datasets, listing, named)];
  if (asOf !== undefined) return chooseAsOf(strategy, datasets, listing, asOf);
  return datasets.map((dataset) => {
    const backup = newestOf(listing.backups, dataset);
    const chain: Step<Backup[]> =
      backup === undefined
        ? { ok: false, reason: `no committed backup of ${dataset.id} in the store` }
        : chainOf(listing.backups, backup);
    return { dataset, chain };
  });
}

function newestOf(backups: Backup[], { id }: Dataset): Backup | undefined {
  return backups.find(({ source }) => source === id);
}

/** What was not yet backed up then is left out; that nothing was is an error. */
function chooseAsOf({ name }: Strategy, datasets: Dataset[], listing: Listing, asOf: Date): Chosen[] {
  const then = listing.backups.filter(({ createdAt }) => Date.parse(createdAt) <= asOf.getTime());
  const chosen = datasets.flatMap((dataset) => {
    const backup = newestOf(then, dataset);
    return backup === undefined ? [] : [{ dataset, chain: chainOf(listing.backups, backup) }];
  });
  if (chosen.length > 0) return chosen;
  const message = `no committed backup of a configured dataset is of ${asOf.toISOString()} or before`;
  const hint = `\`haven list ${name}\` shows all of them`;
  throw new HavenError({ code: 'bad-request', operation: 'drill', message, hint });
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
