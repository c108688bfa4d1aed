// /metrics, for Prometheus: the status in numbers. Labels are strategies, kinds and outcomes, never a dataset's name, a path or an id of a backup: each new value would be
// a series for ever, and whoever may look at a dashboard need not know what is backed up.
import { Counter, Gauge, Registry } from 'prom-client';
import * as z from 'zod';
import type { RunCount, RunRecord } from '../history/history.ts';
import { healthLevels } from './health.ts';
import { entries } from './sentence.ts';
import type { KindStatus, Status } from './status.ts';

export interface Measured {
  status: Status;
  counts: RunCount[];
  version: string;
}

/** Given the status, return it in Prometheus' text format. What is not known has no sample: 0 would be a date in 1970. */
export async function metricsText({ status, counts, version }: Measured): Promise<string> {
  const registry = new Registry();
  const gauge = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  gauge('haven_build_info', 'Always 1; the version is a label.', ['version']).set({ version }, 1);
  const health = gauge('haven_health', '1 at the level at which Haven is now.', ['level']);
  for (const level of healthLevels) health.set({ level }, level === status.level ? 1 : 0);
  const runs = new Counter({
    ...{ name: 'haven_runs_total', help: 'Runs that have ended, by how.' },
    ...{ labelNames: ['strategy', 'kind', 'status'], registers: [registry] },
  });
  for (const { kind, strategy, outcome, count } of counts)
    runs.inc({ strategy, kind, status: outcome }, count);
  const set = (kind: string, what: string, help: string, strategy: string, value: number | null) => {
    if (value === null || !Number.isFinite(value)) return;
    const name = `haven_${kind}_${what}`;
    const one = (registry.getSingleMetric(name) ?? gauge(name, help, ['strategy'])) as Gauge<'strategy'>;
    one.set({ strategy }, value);
  };
  for (const [strategy, kinds] of entries(status.strategies)) {
    for (const one of kinds)
      for (const [what, help, value] of ofKind(one)) set(one.kind, what, help, strategy, value);
    const datasets = status.datasets.filter((dataset) => dataset.strategy === strategy);
    const gone = datasets.filter(({ goneSince, unconfigured }) => goneSince !== null || unconfigured).length;
    set('datasets', 'gone', 'Datasets that vanished and are no longer backed up.', strategy, gone);
  }
  return await registry.metrics();
}

type Sample = [what: string, help: string, value: number | null];

function ofKind(status: KindStatus): Sample[] {
  const { kind, last, lastOk, running, next, freshness, damaged } = status;
  const { level, at, freshUntil } = freshness;
  const common: Sample[] = [
    [
      'last_success_timestamp_seconds',
      `What the newest good ${kind} stands for: as old as this is what is safe.`,
      seconds(at),
    ],
    ['fresh_until_timestamp_seconds', 'Until when the schedule calls that fresh.', seconds(freshUntil)],
    ['fresh', '1 fresh, 0 late or overdue.', level === 'unknown' ? null : Number(level === 'fresh')],
    [
      'overdue',
      '1 when two runs or more are missing.',
      level === 'unknown' ? null : Number(level === 'overdue'),
    ],
    ['next_run_timestamp_seconds', 'When it comes due next.', seconds(next)],
    ['running', '1 while one runs.', Number(running)],
    ['last_duration_seconds', 'How long the last good one took.', took(lastOk)],
  ];
  if (kind !== 'backup')
    common.push(['found_damage', '1 when the last finding was damage in the store.', Number(damaged)]);
  if (last !== null && last.outcome !== null)
    common.push(['last_run_success', '1 when the last run ended well.', Number(last.outcome === 'ok')]);
  if (kind === 'backup')
    common.push(['last_bytes', 'What the last good one sent to the store.', stored(lastOk)]);
  if (kind === 'drill') {
    const { bytes, age } = drilled(lastOk);
    common.push(['last_bytes', 'What the last green one compared.', bytes]);
    common.push(['last_data_age_seconds', 'How old the oldest data was that it restored.', age]);
  }
  return common;
}

function seconds(time: string | null): number | null {
  return time === null ? null : Date.parse(time) / 1000;
}

function took(run: RunRecord | null): number | null {
  return run?.ended == null ? null : (Date.parse(run.ended) - Date.parse(run.started)) / 1000;
}

const Committed = z.object({ backups: z.array(z.object({ storedBytes: z.number() })) });

function stored(run: RunRecord | null): number | null {
  const read = Committed.safeParse(run?.result);
  return read.success ? read.data.backups.reduce((sum, { storedBytes }) => sum + storedBytes, 0) : null;
}

const Restored = z.object({
  sources: z
    .array(
      z.object({
        evidence: z.object({
          endedAt: z.string(),
          backup: z.object({ value: z.object({ createdAt: z.string() }) }),
          compared: z.object({ value: z.object({ bytes: z.number() }) }),
        }),
      }),
    )
    .min(1),
});

function drilled(run: RunRecord | null): { bytes: number | null; age: number | null } {
  const read = Restored.safeParse(run?.result);
  if (!read.success) return { bytes: null, age: null };
  const all = read.data.sources.map(({ evidence }) => evidence);
  const ages = all.map(({ endedAt, backup }) => Date.parse(endedAt) - Date.parse(backup.value.createdAt));
  return {
    bytes: all.reduce((sum, { compared }) => sum + compared.value.bytes, 0),
    age: Math.max(0, ...ages) / 1000,
  };
}
