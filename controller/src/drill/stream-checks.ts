// What is asked of the restore of a strategy that keeps streams.
import { bytes } from '../cli/words.ts';
import { type Check, chainWhole, check, missing, ownPool, scrubbed, stepDone, total } from './check.ts';
import type { CommonEvidence, StreamSteps } from './evidence.ts';
import { sameAtEachStep } from './same-at-each-step.ts';

type Evidence = CommonEvidence & StreamSteps;

export function streamChecks(evidence: Evidence): Check[] {
  const { received, pool } = evidence;
  return [
    ...fetchedChecks(evidence),
    stepDone('received', received, () => 'into a throwaway pool'),
    ownPool(pool, received),
    sameAtEachStep(evidence, 'same-stream'),
    sameAtEachStep(evidence, 'same-snapshot'),
    scrubbed(received),
  ];
}

/** That the right streams came out of the store, whatever becomes of them. */
export function fetchedChecks(evidence: Pick<Evidence, 'backup' | 'chain' | 'fetched'>): Check[] {
  const { fetched } = evidence;
  return [
    chainWhole(
      evidence,
      fetched,
      (link, before, full) =>
        link.chain === full &&
        link.base === (before?.backup ?? null) &&
        link.baseGuid === (before?.guid ?? null),
    ),
    stepDone(
      'fetched',
      fetched,
      ({ backups }) => `${total(backups, 'parts')} parts, every hash as in the manifest`,
    ),
    fetchedWhatWasAsked(evidence),
  ];
}

function fetchedWhatWasAsked({ chain, fetched }: Pick<Evidence, 'chain' | 'fetched'>): Check {
  const name = 'right-backup';
  if (!chain.ok) return missing(name, chain.reason);
  if (!fetched.ok) return missing(name, fetched.reason);
  const { backups } = fetched.value;
  if (backups.length !== chain.value.length)
    return missing(name, `${backups.length} backups were fetched, the chain has ${chain.value.length}`);
  for (const [index, listed] of chain.value.entries()) {
    const wrong = (['id', 'kind', 'parts', 'storedBytes', 'type'] as const).filter((field) => {
      return listed[field] !== backups[index]![field === 'id' ? 'backup' : field];
    });
    if (wrong.length > 0)
      return missing(
        name,
        `what was fetched of ${listed.id} has another ${wrong.join(', ')} than the manifest`,
      );
  }
  return check(name, true, `${total(backups, 'parts')} parts, ${bytes(total(backups, 'storedBytes'))}`);
}
