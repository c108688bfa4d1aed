// A drill of a strategy: for each dataset its newest committed backup (or the one named), with all that it builds upon, is fetched with the
// recovery kit alone, restored into a throwaway pool, compared with the source snapshot and judged. The pool is reaped in every case, and again at the next start.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app.ts';
import type { Dataset } from '../config/schema.ts';
import type { Backup } from '../contract/events.ts';
import type { StrategyName } from '../contract/request.ts';
import { chainOf } from '../drill/chain.ts';
import type { Step } from '../drill/evidence.ts';
import { judge, type Verdict } from '../drill/verdict.ts';
import { HavenError } from '../errors.ts';
import type { Trigger } from '../history/history.ts';
import { takeLock } from '../history/lock.ts';
import { ensureKit } from '../kit/write-kit.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { drillOne } from './drill-one.ts';
import { drillVerbsFor, failedBefore, reap, releaseStaleHolds } from './drill-steps.ts';
import { handshake } from './handshake.ts';
import { drillSpec } from './images.ts';
import { removeDrillContainers } from './leftovers.ts';
import { type Listing, listBackups } from './look.ts';
import { type Ending, type RunSummary, recorded } from './recorded.ts';
import { makeRunFolder } from './run-folder.ts';
import { sourcesOf } from './sources.ts';

export interface DrillOptions {
  backup?: string;
  trigger: Trigger;
}

/** What verdicts/RUN.json holds. */
export interface DrillVerdict {
  run: string;
  at: string;
  strategy: StrategyName;
  pass: boolean;
  sentence: string;
  seconds: number;
  sources: Verdict[];
}

export async function runDrill(app: App, strategy: Strategy, options: DrillOptions): Promise<RunSummary> {
  const lock = takeLock(app.home.locks, 'drill');
  try {
    await removeDrillContainers(app);
    return await recorded(app, { kind: 'drill', strategy, trigger: options.trigger }, (run) =>
      drillAll(app, strategy, run, options),
    );
  } finally {
    lock.release();
  }
}

async function drillAll(app: App, strategy: Strategy, run: string, options: DrillOptions): Promise<Ending> {
  const started = app.now();
  const version = await handshake(
    app,
    drillSpec(app, { verb: 'version', run, mounts: [] }),
    drillVerbsFor([strategy]),
  );
  const folder = makeRunFolder(app.home, run);
  await ensureKit(app, strategy);
  const { found: datasets } = await sourcesOf(app, strategy);
  for (const { dataset } of datasets) await releaseStaleHolds(app, dataset);
  await reap(app, { run, folder, pools: 'all' });
  const listing = await listBackups(app, strategy);
  const chosen = choose(strategy, datasets, listing, options.backup);
  const sources: Verdict[] = [];
  let exit = 0;
  for (const { dataset, backup } of chosen) {
    const chain: Step<Backup[]> =
      backup === undefined
        ? { ok: false, reason: `no committed backup of ${dataset.id} in the store` }
        : chainOf(listing.backups, backup);
    const given = { run, folder, strategy, dataset, version };
    const drilled =
      backup === undefined || !chain.ok
        ? { evidence: failedBefore(strategy, dataset.id, app.now(), reasonOf(chain)), exit: 30 }
        : await drillOne(app, { ...given, backup, chain: chain.value });
    sources.push(judge(drilled.evidence));
    exit ||= drilled.exit;
    if (app.signal.aborted) break;
  }
  const verdict = sum(app, strategy, run, started, sources);
  await writeVerdict(app, verdict);
  if (app.signal.aborted) {
    throw new HavenError({ code: 'interrupted', operation: 'drill', message: 'stopped by request' });
  }
  if (verdict.pass) return { outcome: 'ok', exit: 0, error: null, result: verdict };
  const error = { code: 'damaged', operation: 'drill', message: verdict.sentence } as const;
  return { outcome: 'failed', exit: exit || 30, error, result: verdict };
}

function reasonOf(step: Step<unknown>): string {
  return step.ok ? '' : step.reason;
}

interface Chosen {
  dataset: Dataset;
  backup: Backup | undefined;
}

/** Given what is in the store, return what is drilled: the one backup named, or the newest of each dataset. */
export function choose(
  { name }: Strategy,
  datasets: Dataset[],
  listing: Listing,
  named: string | undefined,
): Chosen[] {
  if (named === undefined) {
    return datasets.map((dataset) => ({
      dataset,
      backup: listing.backups.find(({ source }) => source === dataset.id),
    }));
  }
  const matching = listing.backups.filter(({ id }) => id.startsWith(named));
  const [backup] = matching;
  const dataset = datasets.find(({ id }) => id === backup?.source);
  if (backup === undefined || matching.length > 1 || dataset === undefined) {
    const message =
      matching.length > 1
        ? `several backups begin with ${named}`
        : `no committed backup of a configured dataset begins with ${named}`;
    throw new HavenError({
      code: 'bad-request',
      operation: 'drill',
      message,
      hint: `\`haven list ${name}\` shows them`,
    });
  }
  return [{ dataset, backup }];
}

function sum(app: App, { name }: Strategy, run: string, started: Date, sources: Verdict[]): DrillVerdict {
  const ended = app.now();
  const pass = sources.length > 0 && sources.every((verdict) => verdict.pass);
  const worst = sources.find((verdict) => !verdict.pass);
  const sentence =
    (pass ? sources.map((verdict) => verdict.sentence).join(' ') : worst?.sentence) ?? 'Nothing was drilled.';
  const seconds = (ended.getTime() - started.getTime()) / 1000;
  return { run, at: ended.toISOString(), strategy: name, pass, sentence, seconds, sources };
}

async function writeVerdict(app: App, verdict: DrillVerdict): Promise<void> {
  await mkdir(app.home.verdicts, { recursive: true, mode: 0o700 });
  const path = join(app.home.verdicts, `${verdict.run}.json`);
  await writeFile(`${path}.part`, `${JSON.stringify(verdict, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.part`, path);
}
