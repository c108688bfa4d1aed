// While the daemon is up: tells of each job whose newest good run has become too old. That a run did not begin, or failed, is told elsewhere; this is for all that ends in
// old data without either.
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../app.ts';
import { jobName } from '../notify/news.ts';
import { entries } from './sentence.ts';
import { readStatus } from './status.ts';

const lookMs = 5 * 60 * 1000;

export async function watchAges(app: App, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await tellAges(app);
    } catch (thrown) {
      // Whatever is wrong with the history, a backup that is due must still be tried.
      app.log.error({ err: thrown }, 'how old the backups are could not be looked at');
    }
    // The only rejection is the abort, which the loop looks at itself.
    await sleep(lookMs, undefined, { signal }).catch(() => {});
  }
}

export async function tellAges(app: App): Promise<void> {
  for (const [strategy, kinds] of entries(readStatus(app).strategies)) {
    for (const { kind, freshness } of kinds) {
      if (freshness.level === 'unknown') continue;
      await app.notifier.aged(jobName({ kind, strategy }), freshness.level === 'overdue', freshness.at);
    }
  }
}
