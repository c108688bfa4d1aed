// What the controller asks of an image: images/contract/schema/request.schema.json in types.

export const strategyNames = ['a', 'b'] as const;
export type StrategyName = (typeof strategyNames)[number];

export interface Source {
  id: string;
  dataset: string;
  snapshot: string;
  guid: string;
}

interface Common {
  contract: '1.0';
  run: string;
}

export type Request = Common &
  (
    | { verb: 'backup'; kind: 'auto' | 'full'; sources: Source[]; settings: Record<string, unknown> }
    | { verb: 'list' | 'audit' | 'selftest'; settings: Record<string, unknown> }
    | { verb: 'copy'; settings: Record<string, unknown>; backups: string[] }
    | { verb: 'prune'; settings: Record<string, unknown>; proven: string[]; plan?: { digest: string } }
    | { verb: 'fetch'; strategy: StrategyName; backups: string[] }
    | { verb: 'look'; strategy: StrategyName }
    | { verb: 'parse'; streams: number }
    | {
        verb: 'receive';
        scratch: string;
        pool: string;
        sizeBytes: number;
        type: 'filesystem' | 'volume';
        streams: number;
      }
    | { verb: 'restore'; dataset: string; type: 'filesystem' | 'volume'; streams: number }
    | { verb: 'prepare'; scratch: string; pool: string; sizeBytes: number }
    | { verb: 'seal'; scratch: string; pool: string }
    | { verb: 'verify'; compare: 'filesystem' }
    | { verb: 'verify-volume'; pool: string; restored: string; source: Omit<Source, 'id'> }
    | { verb: 'copy-out'; step: 'look' | 'copy'; path: string; really: boolean }
    | { verb: 'reap'; scratch: string; pools: 'all' | string[] }
    | { verb: 'alter'; alterations: string[] }
  );

export type Verb = Request['verb'] | 'version';
