// Where a restore goes: into a new dataset, or by way of a throwaway pool into a folder. Both are restored and compared alike; all in which they differ is here.
import type { Backup, CopiedOut } from '../contract/events.ts';
import type { ErrorReport } from '../errors.ts';
import type { Made, Proof } from '../restore/proof.ts';
import type { Strategy } from '../strategies/strategy.ts';

export interface Restoring {
  run: string;
  folder: string;
  strategy: Strategy;
  /** From its full on; the last is the one that is wanted. */
  chain: Backup[];
  pipe: string;
  intoVolume: string;
}

export interface Outcome {
  made: Made;
  /** Of the step that is to blame; 0 when all went well. */
  exit: number;
  /** As that step tells it, where it does. */
  error?: ErrorReport | undefined;
}

export interface Place {
  /** For people and the history. */
  words: string;
  verbs: string[];
  /** Throws when nothing can be restored here; with a chain also when that has no room. Called before anything is fetched. */
  demand(run: string, folder: string, chain?: Backup[]): Promise<void>;
  make(restoring: Restoring): Promise<Outcome>;
  /** The snapshot that is to be compared with the source. */
  restored(restoring: Restoring): string;
  /** It was restored, and is as the proof says. */
  finish(restoring: Restoring, proof: Proof): Promise<CopiedOut | undefined>;
  /** It was not: what was made is taken away. Returns what more there is to say, such as what is left. */
  undo(failure: ErrorReport, run: string): Promise<Partial<ErrorReport>>;
  /** Called at the end of either. */
  tidy(restoring: Restoring): Promise<void>;
}
