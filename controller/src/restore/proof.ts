// Why a restored dataset may be believed to be what was backed up. The best proof is the comparison with the snapshot that was backed up, as in a drill;
// where that is gone, which is what restores are for, what was recorded when it was sent has to do. Which of the two it was is always said.
import { bytes } from '../cli/words.ts';
import type { Backup, Comparison, Fetched, FetchedTree, Restored } from '../contract/events.ts';
import type { Check } from '../drill/check.ts';
import { stepDone } from '../drill/check.ts';
import type { Step } from '../drill/evidence.ts';
import { sameAtEachStep } from '../drill/same-at-each-step.ts';
import { fetchedChecks } from '../drill/stream-checks.ts';
import { fetchedTreeChecks } from '../drill/tree-checks.ts';

/** What the restoring steps came to. */
export type Made =
  | { reads: 'streams'; fetched: Step<Fetched>; received: Step<Restored> }
  | { reads: 'trees'; fetched: Step<FetchedTree>; sealed: Step<string> };

export interface Proof {
  sound: boolean;
  by: 'comparison' | 'records';
  checks: Check[];
  words: string;
}

/** Given the chain that was wanted and what was made of it, return the checks that need no source. */
export function madeChecks(chain: Backup[], made: Made): Check[] {
  const wanted = {
    backup: { ok: true, value: chain.at(-1)! },
    chain: { ok: true, value: chain },
  } as const;
  if (made.reads === 'trees')
    return [
      ...fetchedTreeChecks({ ...wanted, ...made }),
      stepDone('sealed', made.sealed, (snapshot) => `as @${snapshot}`),
    ];
  const seen = { ...wanted, ...made, sourceGuid: null };
  return [
    ...fetchedChecks({ ...wanted, ...made }),
    stepDone('received', made.received, ({ snapshot }) => `as @${snapshot}`),
    sameAtEachStep(seen, 'same-stream'),
    sameAtEachStep(seen, 'same-snapshot'),
  ];
}

/** Given those checks, all good, and the comparison with the source or why there is none, return what the restore is believed on. */
export function prove(made: Made['reads'], checks: Check[], compared: Step<Comparison>): Proof {
  if (!compared.ok)
    return {
      sound: checks.length > 0 && checks.every(({ pass }) => pass),
      by: 'records',
      checks,
      words: `Nothing was compared, because ${compared.reason}. What is proven: ${recordsOf[made]}.`,
    };
  const { entries, files, bytes: count, mismatches } = compared.value;
  const numbers = `${entries} entries, ${files} files, ${bytes(count)}`;
  const same = mismatches === 0 && entries > 0;
  const detail = mismatches > 0 ? `${mismatches} differences; ${numbers}` : numbers;
  const all = [...checks, { name: 'compared', pass: same, detail }];
  return {
    sound: all.every(({ pass }) => pass),
    by: 'comparison',
    checks: all,
    words: same
      ? `Compared with the snapshot that was backed up, which is still on this host: ${numbers}, no difference.`
      : `It DIFFERS from the snapshot that was backed up: ${detail}.`,
  };
}

const recordsOf = {
  streams:
    'every part had the hashes of its manifest, each stream the length and SHA-256 that were recorded when it was sent, and ZFS gave the snapshot the GUID of the one that was backed up',
  trees:
    'every object of the chain had the size and MD5 of its manifest, and every file, folder and link of the record that was made with the backup is there, none missing, none too many, each of its type and size',
} as const;
