// Where everything lies in HAVEN_HOME. The path is the same inside and outside of the controller's container, because
// Docker and ZFS resolve what we name on the host (docs/decisions/0004).
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StrategyName } from './contract/request.ts';

export interface Home {
  root: string;
  config: string;
  history: string;
  runs: string;
  verdicts: string;
  /** For each strategy, which id stands for which dataset: names. */
  datasets: Record<StrategyName, string>;
  secrets: Record<StrategyName, string>;
  secretsOfNotify: string;
  kit: string;
  /** What the last export of the kit held, as digests. */
  kitExported: string;
  locks: string;
  scratch: string;
}

export function homeAt(root: string, config?: string): Home {
  return {
    root,
    config: config ?? join(root, 'haven.yaml'),
    history: join(root, 'history.db'),
    runs: join(root, 'runs'),
    verdicts: join(root, 'verdicts'),
    datasets: { a: join(root, 'datasets-a.json'), b: join(root, 'datasets-b.json') },
    secrets: { a: join(root, 'secrets', 'a'), b: join(root, 'secrets', 'b') },
    secretsOfNotify: join(root, 'secrets', 'notify'),
    kit: join(root, 'kit'),
    kitExported: join(root, 'kit-exported.json'),
    locks: join(root, 'locks'),
    scratch: join(root, 'scratch'),
  };
}

/** Makes the folders that hold names and records (0700) and the scratch folder. */
export function makeHome(home: Home): void {
  mkdirSync(home.root, { recursive: true });
  for (const folder of [home.runs, home.verdicts, home.locks]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  }
  mkdirSync(home.scratch, { recursive: true, mode: 0o755 });
}
