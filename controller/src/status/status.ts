// How safe the data is, from the history alone: nothing is asked of Docker, ZFS or a store, so it answers at once and whatever is broken.
import * as z from 'zod';
import type { App } from '../app.ts';
import type { Config } from '../config/schema.ts';
import type { StrategyName } from '../contract/request.ts';
import type { Kind, RunRecord } from '../history/history.ts';
import { unproven } from '../runs/drill-turns.ts';
import { readKnown, vanished } from '../runs/known-datasets.ts';
import { type Job, jobsOf, nextDue } from '../schedule/due.ts';
import { pastOf } from '../schedule/past.ts';
import { configuredStrategies } from '../strategies/configured.ts';
import { type Freshness, freshness, type Promised } from './freshness.ts';
import { foundDamage, graceOf, type HealthLevel, healthExits, overall } from './health.ts';
import { sentence } from './sentence.ts';

/** What is expected again and again, and shown. */
export const watchedKinds = ['backup', 'audit', 'drill', 'stream'] as const satisfies Kind[];
export type WatchedKind = (typeof watchedKinds)[number];

export interface KindStatus {
  kind: WatchedKind;
  last: RunRecord | null;
  lastOk: RunRecord | null;
  running: boolean;
  next: string | null;
  /** Until when its schedule is paused. It grows old all the same. */
  paused: { until: string; reason: string } | null;
  freshness: Freshness;
  /** The last look that came to a finding found damage. */
  damaged: boolean;
  /** Datasets that no green drill has restored within the days of drill.everyDatasetWithinDays. */
  unproven: string[];
}

/** Of a strategy's last backup: which id stood for which dataset. */
export interface DatasetStatus {
  strategy: StrategyName;
  id: string;
  dataset: string;
  goneSince: string | null;
  /** Neither in `datasets` nor in `retired` any more. */
  unconfigured: boolean;
  /** A volume, which this strategy cannot back up. */
  leftOut: boolean;
}

export interface Status {
  sentence: string;
  level: HealthLevel;
  /** Of `haven status`: 0 means that all that was promised is kept. */
  exit: number;
  /** The latest drill of any strategy that was green. */
  provenAt: string | null;
  strategies: Partial<Record<StrategyName, KindStatus[]>>;
  datasets: DatasetStatus[];
}

export function readStatus(app: App): Status {
  const strategies: Status['strategies'] = {};
  const datasets: DatasetStatus[] = [];
  for (const { name } of configuredStrategies(app.config)) {
    const known = readKnown(app.home.datasets[name]);
    const lost = vanished(known, app.config, name);
    const backedUp = Object.entries(known).filter(
      ([id, { leftOut }]) => !leftOut && !lost.some((one) => one.id === id),
    );
    const ids = backedUp.map(([id]) => id);
    strategies[name] = watchedKinds
      .map((kind) => kindStatus(app, name, kind, ids))
      // What nobody asked for needs no row.
      .filter(({ kind, last, next }) => kind !== 'stream' || last !== null || next !== null);
    for (const [id, { root: _root, ...rest }] of Object.entries(known)) {
      const unconfigured = lost.some((one) => one.id === id && one.goneSince === null);
      datasets.push({ strategy: name, id, ...rest, unconfigured });
    }
  }
  const all = Object.values(strategies).flat();
  const proofs = all.flatMap(({ kind, lastOk }) => (kind === 'drill' ? (lastOk?.ended ?? []) : []));
  const level = overall(
    all.map((one) => one.freshness.level),
    all.some(({ damaged }) => damaged),
  );
  return {
    sentence: sentence(strategies, app.now()),
    level,
    exit: healthExits[level],
    provenAt: proofs.toSorted().at(-1) ?? null,
    strategies,
    datasets,
  };
}

const looked = 20;
/** How many good runs tell how long one takes. */
const usual = 5;

function kindStatus(app: App, strategy: StrategyName, kind: WatchedKind, ids: string[]): KindStatus {
  const { history, config } = app;
  const now = app.now();
  const runs = history.runs({ kind, strategy, limit: looked });
  const good = history.runs({ kind, strategy, outcome: 'ok', limit: usual });
  const [last = null] = runs;
  const [lastOk = null] = good;
  const running = last !== null && last.ended === null;
  const job = jobsOf(config).find((candidate) => candidate.kind === kind && candidate.strategy === strategy);
  const next = job === undefined ? null : nextDue(job, pastOf(history, job, now), config.timezone, now);
  const fresh = freshnessOf(app, job, good, running);
  const waiting = kind === 'drill' ? unproven(app, strategy, ids) : [];
  return {
    ...{ kind, last, lastOk, running },
    next: next?.toISOString() ?? null,
    paused: job === undefined ? null : pausedUntil(app, job.name),
    freshness: waiting.length === 0 ? fresh : { ...fresh, level: 'overdue' },
    unproven: waiting,
    damaged: kind !== 'backup' && foundDamage(runs),
  };
}

function pausedUntil({ history, now }: App, name: string): KindStatus['paused'] {
  const pause = history.pauses(now()).find(({ job }) => job === name);
  return pause === undefined ? null : { until: pause.until.toISOString(), reason: pause.reason };
}

function freshnessOf(app: App, job: Job | undefined, good: RunRecord[], running: boolean): Freshness {
  const now = app.now();
  const newest = good[0] === undefined ? null : dataOf(good[0]);
  if (job === undefined) return freshness(null, newest, now, now);
  return freshness(promisedOf(app, job, good, running), newest, app.history.firstSeen(job.name, now), now);
}

function promisedOf({ config }: App, job: Job, good: RunRecord[], running: boolean): Promised {
  const graceMs = graceOf({
    goodRunsMs: good.map(({ started, ended }) => Date.parse(ended ?? started) - Date.parse(started)),
    running,
    longestMs: longestHours(config, job) * 3_600_000,
  });
  return { cron: job.cron, timezone: config.timezone, graceMs };
}

function longestHours({ strategies, drill }: Config, { kind, strategy }: Job): number {
  if (kind === 'audit') return 1;
  return (kind === 'drill' || kind === 'stream' ? drill : strategies[strategy])?.maxHours ?? 0;
}

/** Given the time of a dataset's newest backup as its store tells it, say how fresh that is by the schedule of the strategy's backups. */
export function freshnessInStore(app: App, strategy: StrategyName, newest: Date): Freshness {
  const now = app.now();
  const job = jobsOf(app.config).find((one) => one.kind === 'backup' && one.strategy === strategy);
  if (job === undefined) return freshness(null, newest, now, now);
  const good = app.history.runs({ kind: 'backup', strategy, outcome: 'ok', limit: usual });
  return freshness(promisedOf(app, job, good, false), newest, now, now);
}

/** What counts of a backup's record: each dataset's own time. */
const Backups = z.object({ backups: z.array(z.object({ createdAt: z.string() })) });

/** As old as the oldest that a run committed: one that went on with an older snapshot is no younger for having ended today. */
function dataOf({ started, result }: RunRecord): Date {
  const read = Backups.safeParse(result);
  const times = [started, ...(read.data?.backups.map(({ createdAt }) => createdAt) ?? [])];
  return new Date(Math.min(...times.map((time) => Date.parse(time)).filter((time) => !Number.isNaN(time))));
}
