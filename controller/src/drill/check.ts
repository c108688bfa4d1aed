import { whyNoChain } from './chain.ts';
import type { CommonEvidence, Step } from './evidence.ts';

export interface Check {
  name: string;
  pass: boolean;
  detail: string;
}

export function check(name: string, pass: boolean, detail: string): Check {
  return { name, pass, detail };
}

/** What is missing is no pass. */
export function missing(name: string, reason: string): Check {
  return check(name, false, reason);
}

export function stepDone<T>(name: string, step: Step<T>, detail: (value: T) => string): Check {
  return step.ok ? check(name, true, detail(step.value)) : missing(name, step.reason);
}

export function ownPool(pool: string, step: Step<{ pool: string }>): Check {
  if (!step.ok) return missing('own-pool', step.reason);
  const own = step.value.pool === pool;
  return check('own-pool', own, own ? pool : 'restored into another pool than the one it was given');
}

export function scrubbed(step: Step<{ scrub: { state: string; errors: number } }>): Check {
  if (!step.ok) return missing('scrub', step.reason);
  const { errors, state } = step.value.scrub;
  return check('scrub', errors === 0, errors === 0 ? `${state}, no errors` : `${errors} errors (${state})`);
}

export function total<Field extends string>(all: Record<Field, number>[], field: Field): number {
  return all.reduce((sum, one) => sum + one[field], 0);
}

export function chainInWords(length: number): string {
  if (length === 1) return 'a full';
  return `a full and ${length - 1} incremental${length === 2 ? '' : 's'}`;
}

/**
 * The chain as the store's list has it ends in this backup, and fetch found the same links in the manifests themselves. `follows` says whether a link,
 * as fetched, continues the one before it, in the chain that begins with the full.
 */
export function chainWhole<Link>(
  { backup, chain }: Pick<CommonEvidence, 'backup' | 'chain'>,
  fetched: Step<{ backups: Link[] }>,
  follows: (link: Link, before: Link | undefined, full: string) => boolean,
): Check {
  const name = 'chain';
  if (!backup.ok) return missing(name, backup.reason);
  if (!chain.ok) return missing(name, chain.reason);
  const reason = whyNoChain(chain.value);
  if (reason !== undefined) return missing(name, reason);
  if (chain.value.at(-1)?.id !== backup.value.id)
    return missing(name, 'the chain does not end in the backup that is drilled');
  if (!fetched.ok) return missing(name, fetched.reason);
  const { backups } = fetched.value;
  const wrong = backups.findIndex((link, at) => !follows(link, backups[at - 1], chain.value[0]!.id));
  if (wrong >= 0)
    return missing(name, `by its manifest, backup ${wrong + 1} does not continue the one before it`);
  return check(name, true, chainInWords(chain.value.length));
}
