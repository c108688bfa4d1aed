import type {
  Backup,
  Comparison,
  Fetched,
  FetchedTree,
  Prepared,
  Received,
  Sealed,
} from '../contract/events.ts';
import type { StrategyName } from '../contract/request.ts';

/** A step's finding, or why there is none. */
export type Step<T> = { ok: true; value: T } | { ok: false; reason: string };

/** Of a strategy that keeps streams: fetched into pipes, received from them. */
export interface StreamSteps {
  reads: 'streams';
  fetched: Step<Fetched>;
  received: Step<Received>;
}

/** Of a strategy that keeps trees: fetched into a dataset that was prepared, which is then sealed. */
export interface TreeSteps {
  reads: 'trees';
  prepared: Step<Prepared>;
  fetched: Step<FetchedTree>;
  sealed: Step<Sealed>;
}

export type RestoreSteps = StreamSteps | TreeSteps;

/** All that is known of the drill of one dataset; the verdict is made of this and of nothing else. */
export type Evidence = RestoreSteps & CommonEvidence;

export interface CommonEvidence {
  /** The dataset's configured id. */
  source: string;
  startedAt: string;
  endedAt: string;
  seconds: number;
  /** As the store's manifest has it. */
  backup: Step<Backup>;
  /** Its whole chain in the store's list, from the full on; the backup itself is the last. */
  chain: Step<Backup[]>;
  /** GUID of the source snapshot, still on this host, that the restored tree was compared with. */
  sourceGuid: Step<string>;
  pool: string;
  compared: Step<Comparison>;
  /** Throwaway pools that are gone. */
  reaped: Step<string[]>;
  /** Volumes that should be gone and are not. */
  volumesLeft: Step<string[]>;
  /** Images and their tools. */
  tools: Record<string, unknown>;
  /** What this strategy cannot keep, and so nothing was compared of. */
  notKept: readonly string[];
  /** What came of comparing it with what the other strategy restored of the same snapshot; null when it was drilled alone. */
  against: Against | null;
}

export type Against = { strategy: StrategyName } & (
  | { comparable: true; compared: Step<Comparison> }
  | { comparable: false; reason: string }
);

/** Given how a strategy's backups are restored, return the steps of a restore that failed before any of them, or at one of which nothing is known. */
export function stepsNotDone(reads: RestoreSteps['reads'], reason: string): RestoreSteps {
  const none = { ok: false, reason } as const;
  if (reads === 'streams') return { reads, fetched: none, received: none };
  return { reads, prepared: none, fetched: none, sealed: none };
}

/** Whether every step of a restore was done. */
export function restored(steps: RestoreSteps): boolean {
  if (steps.reads === 'streams') return steps.fetched.ok && steps.received.ok;
  return steps.prepared.ok && steps.fetched.ok && steps.sealed.ok;
}
