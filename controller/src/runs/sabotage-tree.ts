// Alterations between restore and comparison: `alter` makes the trees, and the very `verify` that drills end with looks at each.
import { mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../app.ts';
import type { Mount } from '../docker/container-options.ts';
import { HavenError } from '../errors.ts';
import { alterations, type SeenTree, type TreeCase } from '../sabotage/alterations.ts';
import { drillVerb, finding, makeOutFolder } from './drill-steps.ts';
import type { Sabotaged } from './sabotage-store.ts';

/** Given how the container sees a tree, make altered copies of a sample of it; returns the folder that holds them. */
export async function makeAlteredTrees(
  app: App,
  { run, folder, ground }: Sabotaged,
  tree: Mount,
): Promise<string> {
  const altered = join(ground, 'altered');
  mkdirSync(altered, { recursive: true, mode: 0o700 });
  const ended = await drillVerb(app, {
    run,
    folder,
    tag: 'alter',
    request: { contract: '1.0', verb: 'alter', run, alterations: [...new Set(alterations)] },
    mounts: [tree, { kind: 'folder', from: altered, to: '/haven/altered', writable: true }],
    signal: app.signal,
  });
  const made = finding(ended, 'altered');
  if (!made.ok) throw new HavenError({ code: 'failed', operation: 'alter a tree', message: made.reason });
  const nothing = join(altered, 'nothing');
  mkdirSync(nothing, { mode: 0o755 });
  // Like the roots of the others, so that it differs from them in nothing but what is in it.
  utimesSync(nothing, 0, 0);
  return altered;
}

export async function tryTree(
  app: App,
  { run, folder, strategy }: Sabotaged,
  altered: string,
  { name, source, restored }: TreeCase,
): Promise<SeenTree> {
  const out = makeOutFolder(folder, `${strategy.name}-${name}`);
  const ended = await drillVerb(app, {
    run,
    folder,
    tag: 'verify',
    request: { contract: '1.0', verb: 'verify', run, compare: 'filesystem' },
    mounts: [
      { kind: 'folder', from: join(altered, source), to: '/haven/source' },
      { kind: 'folder', from: join(altered, restored), to: '/haven/restored' },
      { kind: 'folder', from: out, to: '/haven/out', writable: true },
    ],
    signal: app.signal,
  });
  const comparison = ended.result?.comparison;
  return {
    exit: ended.exitCode,
    kinds: Object.keys(comparison?.byKind ?? {}),
    entries: comparison?.entries ?? 0,
    message: ended.error?.message ?? '',
  };
}
