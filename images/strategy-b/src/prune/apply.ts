// Carries out a plan: the one place where committed backups are deleted. Incrementals before what they build upon, and of each backup the manifest first:
// whoever is killed in between leaves whole backups and parts that nobody counts, never a manifest whose parts are gone.
import type { Context } from '../context.ts';
import { interrupted, reportError } from '../contract/errors.ts';
import type { Pruned } from '../contract/events.ts';
import { StoreError, toHavenError } from '../drive/errors.ts';
import type { Doomed } from './doomed.ts';

export interface Applied {
  pruned: Pruned;
  /** The first failure. What failed was not deleted, and is in the next plan again. */
  error: unknown;
}

/** Given what goes, delete it; `forget` is called before a manifest is deleted. A refusal of one file is told and the rest goes on; anything else ends it. */
export async function applyPlan(
  doomed: Doomed[],
  { store, log, events, surroundings }: Context,
  forget: (backup: string) => void,
): Promise<Applied> {
  const pruned: Pruned = { files: 0, failed: 0, storedBytes: 0 };
  const total = doomed.reduce((sum, { manifests, parts }) => sum + parts.length + manifests.length, 0);
  /** Chains of which a manifest could not be deleted: what it builds upon must stay. */
  const stuck = new Set<string>();
  let error: unknown;

  async function remove(backup: string, object: string, bytes: number): Promise<boolean> {
    if (surroundings.stop.aborted) throw interrupted('prune');
    try {
      await store.remove(object);
    } catch (thrown) {
      const failure = toHavenError(thrown, 'delete file', object);
      pruned.failed += 1;
      error ??= failure;
      log.error({ backup, object, reason: reportError(failure, 'prune').message }, 'a file was not deleted');
      if (!(thrown instanceof StoreError && thrown.kind === 'refused')) throw failure;
      return false;
    }
    pruned.files += 1;
    pruned.storedBytes += bytes;
    log.info({ backup, object }, 'deleted');
    events.progress('delete', pruned.files, total, 'files');
    return true;
  }

  try {
    for (const { chain, backup, manifests, parts } of doomed) {
      if (chain !== null && stuck.has(chain)) continue;
      if (manifests.length > 0) forget(backup);
      for (const manifest of manifests) if (!(await remove(backup, manifest, 0))) stuck.add(chain!);
      if (chain !== null && stuck.has(chain)) continue;
      for (const { id, bytes } of parts) await remove(backup, id, bytes);
    }
  } catch (thrown) {
    const ending = surroundings.stop.aborted ? interrupted('prune') : toHavenError(thrown, 'prune');
    return { pruned, error: ending };
  }
  return { pruned, error };
}
