// Folders in runs/ of runs that are long over: their requests, events and logs go, what they came to stays in the history. A plan first, and then that plan.
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app.ts';
import { strategyNames } from '../contract/request.ts';
import type { Kind } from '../history/history.ts';

export const keptDays = 180;
const keptOfEach = 50;

/** runs/run-id.ts makes them; what is named otherwise is not ours. */
const runId = /^(\d{4})(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)z-([a-z]+-[a-z]+)-[0-9a-f]+$/;

/** Given the names in runs/ and the ids of runs that have no end yet, return what goes: older than 180 days, and not among the newest 50 of its kind and strategy. */
export function planTidying(names: string[], underWay: ReadonlySet<string>, now: Date): string[] {
  const ofKind = Map.groupBy(
    names.filter((name) => runId.test(name)),
    (name) => runId.exec(name)![7],
  );
  const oldest = now.getTime() - keptDays * 86_400_000;
  return [...ofKind.values()].flatMap((same) =>
    // An id begins with its time.
    same
      .toSorted()
      .toReversed()
      .slice(keptOfEach)
      .filter((name) => startedAt(name) < oldest && !underWay.has(name)),
  );
}

function startedAt(name: string): number {
  const [, year, month, day, hour, minute, second] = runId.exec(name)!;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

const kinds: Kind[] = ['backup', 'drill', 'stream', 'audit', 'prune', 'restore', 'sabotage'];

/** Removes what the plan says; called again and again, so what cannot be removed today is tried again. */
export async function tidyRunFolders(app: App): Promise<void> {
  const underWay = strategyNames.flatMap((name) =>
    kinds.flatMap((kind) => app.history.unfinished(name, kind)),
  );
  const folders = readdirSync(app.home.runs, { withFileTypes: true }).filter((one) => one.isDirectory());
  const plan = planTidying(
    folders.map(({ name }) => name),
    new Set(underWay.map(({ id }) => id)),
    app.now(),
  );
  for (const name of plan) await rm(join(app.home.runs, name), { recursive: true, force: true });
  if (plan.length > 0)
    app.log.info({ count: plan.length }, `removed folders of runs older than ${keptDays} days`);
}
