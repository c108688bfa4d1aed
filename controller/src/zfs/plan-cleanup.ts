import type { Snapshot } from './snapshots.ts';

export interface CleanupPlan {
  destroy: string[];
  keep: { name: string; reason: string }[];
}

/**
 * Given a dataset's snapshots and the GUID of its newest committed backup, return which of our snapshots go.
 * Ours, held by nobody, older than the backed-up one: nothing else. Without a backed-up one, nothing goes.
 */
export function planCleanup(snapshots: Snapshot[], backedUpGuid: string): CleanupPlan {
  const plan: CleanupPlan = { destroy: [], keep: [] };
  const backedUp = snapshots.find((snapshot) => snapshot.guid === backedUpGuid);
  for (const snapshot of snapshots) {
    const reason = reasonToKeep(snapshot, backedUp);
    if (reason === null) plan.destroy.push(snapshot.name);
    else plan.keep.push({ name: snapshot.name, reason });
  }
  return plan;
}

function reasonToKeep(snapshot: Snapshot, backedUp: Snapshot | undefined): string | null {
  if (snapshot.markedBy === null) return 'not made by Haven';
  if (snapshot.holds > 0) return 'held';
  if (backedUp === undefined) return 'no newer backup is committed';
  if (snapshot.guid === backedUp.guid) return 'the newest backup is of it: the next drill compares with it';
  if (snapshot.createdTxg > backedUp.createdTxg) return 'newer than the newest backup';
  return null;
}
