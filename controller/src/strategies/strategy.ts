// What the controller must know of a strategy, and all in which one differs from the other. Whoever works for a strategy is handed such a value
// and asks it; nothing else in the controller may ask for a strategy's name.
import type { StrategyName } from '../contract/request.ts';

export interface Strategy {
  name: StrategyName;
  part: `strategy-${StrategyName}`;
  /** Whom it and its half of a drill's fetch run as: secrets and kit belong to that user alone. */
  uid: number;
  /** Files of HAVEN_HOME/secrets/NAME, each of which it finds in /run/secrets. */
  secretFiles: readonly string[];
  /**
   * `streams`: it reads snapshots itself, by `zfs send`, volumes too, and holds what it needs. `trees`: snapshots of filesystems are mounted for it
   * and held by the controller.
   */
  reads: 'streams' | 'trees';
  /** What a restore cannot bring back; every verdict says so. */
  notKept: readonly string[];
  /** Given its settings, return how many bytes may lie in its state volume, waiting for their upload. */
  waitingBytes: (settings: Record<string, unknown>) => number;
  /** Given its settings, return where its store is asked first; undefined where they do not say. */
  addressOf: (settings: Record<string, unknown>) => string | undefined;
  /** Its half of the recovery kit: programs of controller/kit, its secrets, and store.json, which says where the store is and holds no secret. */
  kit: {
    programs: readonly string[];
    storeOf: (settings: Record<string, unknown>) => Record<string, unknown>;
    /** Only where backups need a secret that nothing on this host needs: it is in the kit, and its owner may take it off this host. */
    ownerKey?: OwnerKey;
  };
  scratch: ScratchStore;
}

/** A store of the same kind that runs here, for copies that are damaged on purpose (docs/decisions/0016). Its sign-in is no secret: only loopback leads to it. */
export interface ScratchStore {
  image: string;
  /** It loads the copy at /haven/copy. */
  args: readonly string[];
  /** Where it keeps what it holds, and whom it runs as. */
  state: { path: string; uid: number } | null;
  /** A line of its stdout begins or holds this once it can be asked. */
  ready: string;
  /** File of its state that holds the certificate of its own authority. */
  ca: string | null;
  /** What takes the place of the owner's files of these names. */
  secrets: Record<string, string>;
  /** The strategy's settings, with the store's address in them instead of the provider's. */
  settings: (settings: Record<string, unknown>, caPem: string | null) => Record<string, unknown>;
}

export interface OwnerKey {
  /** Of HAVEN_HOME/secrets/NAME, the key first; copied into the kit where they are there. */
  files: readonly [string, ...string[]];
  /** Whether backups made with these settings can be restored without it. */
  isNeeded: (settings: Record<string, unknown>) => boolean;
}

/** Those that every kit has. */
export function kitFiles({ kit, secretFiles }: Strategy): string[] {
  return [...kit.programs, 'store.json', ...secretFiles];
}
