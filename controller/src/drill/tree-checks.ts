// What is asked of the restore of a strategy that keeps trees. There is no stream whose hash could be compared: what was restored is proven by the
// comparison of every file with the source, and that it is of the right backup by what fetch read in the manifests themselves.
import { bytes } from '../cli/words.ts';
import { type Check, chainWhole, check, missing, ownPool, scrubbed, stepDone, total } from './check.ts';
import type { CommonEvidence, TreeSteps } from './evidence.ts';

type Evidence = CommonEvidence & TreeSteps;

export function treeChecks(evidence: Evidence): Check[] {
  const { prepared, sealed, pool } = evidence;
  return [
    stepDone('prepared', prepared, () => 'an empty dataset in a throwaway pool'),
    ownPool(pool, prepared),
    ...fetchedTreeChecks(evidence),
    stepDone('sealed', sealed, () => 'nothing was written after it'),
    sealedThere(evidence),
    sameSnapshot(evidence),
    scrubbed(sealed),
  ];
}

/** That the right files came out of the store, wherever they went. */
export function fetchedTreeChecks(evidence: Pick<Evidence, 'backup' | 'chain' | 'fetched'>): Check[] {
  const { fetched } = evidence;
  return [
    chainWhole(
      evidence,
      fetched,
      (link, before, full) => link.chain === full && link.base === (before?.id ?? null),
    ),
    stepDone('fetched', fetched, ({ backups }) => `${total(backups, 'volumes')} volumes`),
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
  for (const [index, { id, kind, guid, parts }] of chain.value.entries()) {
    const link = backups[index]!;
    const pairs = { id: [id, link.id], kind: [kind, link.kind], volumes: [parts, link.volumes] };
    const wrong = Object.entries({ ...pairs, guid: [guid, link.guid] }).filter(
      ([, [listed, came]]) => listed !== came,
    );
    if (wrong.length > 0) {
      const fields = wrong.map(([field]) => field).join(', ');
      return missing(name, `what was fetched of ${id} has another ${fields} than the manifest`);
    }
  }
  return check(name, true, `${total(backups, 'volumes')} volumes, ${bytes(total(backups, 'bytes'))}`);
}

function sealedThere({ prepared, sealed }: Evidence): Check {
  const name = 'same-dataset';
  if (!prepared.ok) return missing(name, prepared.reason);
  if (!sealed.ok) return missing(name, sealed.reason);
  const same = sealed.value.pool === prepared.value.pool && sealed.value.dataset === prepared.value.dataset;
  return check(
    name,
    same,
    same ? 'the one that was prepared' : 'another dataset was sealed than was prepared',
  );
}

/** A tree has no GUID of its own: its manifest must name that of the snapshot it is compared with. */
function sameSnapshot({ backup, fetched, sourceGuid }: Evidence): Check {
  const name = 'same-snapshot';
  if (!backup.ok) return missing(name, backup.reason);
  if (!fetched.ok) return missing(name, fetched.reason);
  if (!sourceGuid.ok) return missing(name, sourceGuid.reason);
  const guids = [backup.value.guid, fetched.value.backups.at(-1)!.guid, sourceGuid.value];
  const same = new Set(guids).size === 1;
  return check(
    name,
    same,
    same ? `GUID ${guids[0]}` : `GUIDs differ: manifest, fetched, source ${guids.join(', ')}`,
  );
}
