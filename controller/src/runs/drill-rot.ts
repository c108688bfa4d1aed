// What rots in silence, as a drill finds it: backups that can be restored, and are of last year. A drill judges by the store, so it finds what a history that is wrong or
// lost does not tell. What it says holds ids, no names.
import type { App } from '../app.ts';
import { ago } from '../cli/words.ts';
import { type Dataset, entriesOf } from '../config/schema.ts';
import type { Backup } from '../contract/events.ts';
import type { StrategyName } from '../contract/request.ts';
import { silentJobs } from '../schedule/silent.ts';
import { freshnessInStore } from '../status/status.ts';

type Stored = Pick<Backup, 'source' | 'createdAt'>;

/** Given what a store holds and what is backed up today, return a reason for each dataset whose newest backup is overdue, or that nothing backs up any more. */
export function findRot(
  app: App,
  strategy: StrategyName,
  backups: readonly Stored[],
  datasets: readonly Dataset[],
): string[] {
  const rot: string[] = [];
  for (const { id } of datasets) {
    const newest = newestOf(backups, id);
    // None at all is red already.
    if (newest === null || freshnessInStore(app, strategy, newest).level !== 'overdue') continue;
    rot.push(`the newest backup of ${id} was made ${ago(newest, app.now())}, and the schedule promises more`);
  }
  const known = [
    ...entriesOf(app.config, strategy).map(({ id }) => id),
    ...datasets.map(({ id }) => id),
    ...app.config.retired,
  ];
  for (const id of new Set(backups.map(({ source }) => source))) {
    if (!known.some((root) => isOf(id, root)))
      rot.push(`${id} has backups, and is neither in \`datasets\` nor in \`retired\` any more`);
  }
  for (const { job, since, never } of silentJobs(app)) {
    if (job.kind === 'backup' && job.strategy === strategy)
      rot.push(
        `${job.name} ${never ? 'has never begun' : 'has not begun'} by its schedule, and should have at ${since.toISOString()}`,
      );
  }
  return rot;
}

function newestOf(backups: readonly Stored[], id: string): Date | null {
  const times = backups.filter(({ source }) => source === id).map(({ createdAt }) => Date.parse(createdAt));
  return times.length === 0 ? null : new Date(Math.max(...times));
}

/** Of a child that vanished or is excluded nothing is said here: `haven status` tells of the first, and the second is meant. */
function isOf(id: string, root: string): boolean {
  return id === root || (id.startsWith(`${root}-`) && /^[0-9a-f]{8}$/.test(id.slice(root.length + 1)));
}
