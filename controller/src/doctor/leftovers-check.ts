// What a run that was killed left behind, and what still lies there although nobody is at work.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../app.ts';
import { strategyNames } from '../contract/request.ts';
import { labels } from '../docker/container-options.ts';
import { scratchOf } from '../runs/drill-steps.ts';
import { groundsThere } from '../runs/grounds.ts';
import { drillPools } from '../zfs/versions.ts';
import { type Check, guarded, ok, warn } from './check.ts';

/** Of all that Haven makes for the time of a run; the next run of the same kind removes most of it. */
export function checkLeftovers(app: App): Promise<Check> {
  return guarded('leftovers', '`zpool list` and `docker ps -a` show what there is', async () => {
    const ended = (await app.engine.containers({ home: app.home.root })).filter((found) => !found.running);
    const left = [
      ...ended.map(({ name }) => `container ${name}`),
      ...(await idleVolumes(app)),
      ...(drilling(app) ? [] : await ofDrills(app)),
    ];
    const byHand = [...workFolders(app), ...halfKits(app)];
    if (left.length + byHand.length === 0) return ok('leftovers', 'none');
    const remedies = [
      ...(left.length === 0 ? [] : ['the next backup or drill removes them: `haven drill`']),
      ...(byHand.length === 0 ? [] : [`they hold secrets or your data: rm -r ${byHand.join(' ')}`]),
    ];
    return warn('leftovers', [...left, ...byHand].join(', '), remedies.join('; '));
  });
}

function drilling(app: App): boolean {
  return strategyNames.some((name) =>
    (['drill', 'stream', 'restore', 'sabotage'] as const).some(
      (kind) => app.history.unfinished(name, kind).length > 0,
    ),
  );
}

/** Volumes that carry our labels are each for one run: snapshots as folders, and pipes. */
async function idleVolumes(app: App): Promise<string[]> {
  const volumes: string[] = [];
  for (const part of ['strategy-a', 'strategy-b', 'drill'] as const) {
    const busy =
      part === 'drill'
        ? drilling(app)
        : strategyNames.some(
            (name) =>
              part === `strategy-${name}` &&
              (['backup', 'audit', 'prune'] as const).some((kind) => app.history.unfinished(name, kind)[0]),
          );
    if (busy) continue;
    const names = await app.engine.volumes({ [labels.home]: app.home.root, [labels.part]: part });
    volumes.push(...names.map((name) => `volume ${name}`));
  }
  return volumes;
}

async function ofDrills(app: App): Promise<string[]> {
  // Without a zpool program the check of the versions has failed already; what is asked here then has no answer.
  const pools = await drillPools(app.zpool).catch(() => []);
  const files = namesIn(scratchOf(app)).filter((name) => /^haven-drill-.*\.img$/.test(name));
  return [
    ...pools.map((pool) => `pool ${pool}`),
    ...files.map((name) => `file ${join(scratchOf(app), name)}`),
    ...groundsThere(app).map((ground) => `folder ${ground}`),
  ];
}

/** Parts of backups in plain, where fetch works; gone as soon as their drill ends. */
function workFolders(app: App): string[] {
  if (drilling(app)) return [];
  return namesIn(app.home.runs)
    .map((run) => join(app.home.runs, run, 'work'))
    .filter((folder) => existsSync(folder));
}

/** A kit is written beside the old one, and put in its place at once. */
function halfKits(app: App): string[] {
  return [`${app.home.kit}.next`, `${app.home.kit}.old`].filter((folder) => existsSync(folder));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // That it is missing is told by the check of the scratch folder.
    return [];
  }
}
