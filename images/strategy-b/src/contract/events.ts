// Events on stdout, one JSON object a line (images/contract/schema/event.schema.json). Exactly one result, and nothing after it.

import type { Observation } from '../selftest/observation.ts';
import type { Clock } from '../surroundings.ts';
import type { ReportedError } from './errors.ts';

export interface Backup {
  id: string;
  chain: string;
  kind: 'full' | 'incremental';
  base: string | null;
  source: string;
  guid: string;
  createdAt: string;
  committedAt: string;
  parts: number;
  streamBytes: number;
  streamSha256: string;
  storedBytes: number;
  type: 'filesystem' | 'volume';
  /** Why it is a full one. */
  why?: string;
  seconds?: number;
}

export interface SourceOutcome {
  id: string;
  outcome: 'ok' | 'failed' | 'interrupted';
  backup?: string;
  error?: ReportedError;
}

export interface Finding {
  kind: 'missing' | 'extra' | 'trashed' | 'altered' | 'rolled-back' | 'unreadable' | 'broken-chain';
  backup?: string;
  part?: number;
  object?: string;
  message: string;
}

export interface Incomplete {
  id: string;
  parts: number;
  storedBytes: number;
  newestAt?: string;
}

export interface Audit {
  backups: number;
  parts: number;
  storedBytes: number;
  /** Requests made in all, retries included. */
  calls: number;
  /** Of those: files that the listing did not show, and manifests that were not in the cache. */
  askedById: number;
  downloads: number;
  findings: Finding[];
}

/** A chain, or the parts of a backup without a manifest: whether it goes, and why. */
export interface Planned {
  what: 'chain' | 'orphan';
  goes: boolean;
  id: string;
  source?: string;
  backups: number;
  files: number;
  storedBytes: number;
  newestAt?: string;
  proven: boolean;
  reason: string;
}

/** The sums of a plan; `digest` is over each file that goes. */
export interface Plan {
  digest: string;
  /** Chains and orphans. */
  goes: number;
  stays: number;
  files: number;
  storedBytes: number;
}

/** What a plan that was carried out came to. */
export interface Pruned {
  files: number;
  failed: number;
  storedBytes: number;
}

/** What a verb found out; `app.ts` adds verb, run and time, and makes the exit code of it. */
export interface Result {
  outcome: 'ok' | 'partial' | 'failed' | 'interrupted';
  error?: ReportedError;
  version?: object;
  /** Of `backup`: those it committed. `list` gives one event each instead. */
  backups?: Backup[];
  sources?: SourceOutcome[];
  count?: number;
  incomplete?: Incomplete[];
  incompleteCount?: number;
  audit?: Audit;
  plan?: Plan;
  pruned?: Pruned;
  selftest?: { observations: Observation[]; calls: number; removed: boolean };
  copied?: { objects: number; bytes: number };
}

export interface Events {
  started(verb: string, run: string): void;
  progress(phase: string, done: number, total: number | null, unit: 'bytes' | 'parts' | 'files'): void;
  part(source: string, part: number, streamBytes: number, storedBytes: number): void;
  backup(backup: Backup): void;
  planned(planned: Planned): void;
  note(level: 'info' | 'warn', code: string, message: string): void;
  result(verb: string, run: string | undefined, result: Result): void;
}

const progressEveryMs = 1000;

/** Given where lines go, return the writer of events. Progress is thinned to one a second; after the result nothing is written. */
export function createEvents(writeLine: (line: string) => void, clock: Clock): Events {
  let ended = false;
  let lastProgress = Number.NEGATIVE_INFINITY;

  function write(event: object): void {
    if (ended) return;
    writeLine(`${JSON.stringify(event)}\n`);
  }

  function at(): string {
    return new Date(clock.now()).toISOString();
  }

  return {
    started: (verb, run) => write({ event: 'started', at: at(), verb, run, contract: '1.0' }),
    progress: (phase, done, total, unit) => {
      if (clock.now() - lastProgress < progressEveryMs) return;
      lastProgress = clock.now();
      write({ event: 'progress', at: at(), phase, done, total, unit });
    },
    part: (source, part, streamBytes, storedBytes) =>
      write({ event: 'part', at: at(), source, part, streamBytes, storedBytes }),
    backup: (backup) => write({ event: 'backup', at: at(), ...backup }),
    planned: (planned) => write({ event: 'planned', at: at(), ...planned }),
    note: (level, code, message) => write({ event: 'note', at: at(), level, code, message }),
    result: (verb, run, result) => {
      write({
        event: 'result',
        at: at(),
        contract: '1.0',
        verb,
        ...(run === undefined ? {} : { run }),
        ...result,
      });
      ended = true;
    },
  };
}
