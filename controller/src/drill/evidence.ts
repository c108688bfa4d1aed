import type { Backup, Comparison, Fetched, Received } from '../contract/events.ts';

/** A step's finding, or why there is none. */
export type Step<T> = { ok: true; value: T } | { ok: false; reason: string };

/** All that is known of the drill of one dataset; the verdict is made of this and of nothing else. */
export interface Evidence {
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
  fetched: Step<Fetched>;
  received: Step<Received>;
  compared: Step<Comparison>;
  /** Throwaway pools that are gone. */
  reaped: Step<string[]>;
  /** Volumes that should be gone and are not. */
  volumesLeft: Step<string[]>;
  /** Images and their tools. */
  tools: Record<string, unknown>;
}
