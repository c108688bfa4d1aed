// How safe the data is, from the history alone: one sentence first, over all strategies, then each strategy's runs.
import type { App } from '../app.ts';
import { ago, columns } from '../cli/words.ts';
import type { StrategyName } from '../contract/request.ts';
import { exitCodes } from '../errors.ts';
import type { DrillVerdict } from '../runs/drill-verdict.ts';
import { readKnown } from '../runs/known-datasets.ts';
import { jobsOf, nextDue, overdueSince } from '../schedule/due.ts';
import { pastOf } from '../schedule/past.ts';
import { configuredStrategies } from '../strategies/configured.ts';
import type { Kind, RunRecord } from './history.ts';

export interface KindStatus {
  kind: Kind;
  last: RunRecord | null;
  lastOk: RunRecord | null;
  running: boolean;
  next: string | null;
  overdue: boolean;
}

/** Of a strategy's last backup: which id stood for which dataset. */
export interface DatasetStatus {
  strategy: StrategyName;
  id: string;
  dataset: string;
  goneSince: string | null;
  /** A volume, which this strategy cannot back up. */
  leftOut: boolean;
}

export interface Status {
  sentence: string;
  /** The latest drill of any strategy that was green. */
  provenAt: string | null;
  strategies: Partial<Record<StrategyName, KindStatus[]>>;
  datasets: DatasetStatus[];
}

export function readStatus(app: App): Status {
  const strategies: Status['strategies'] = {};
  const datasets: DatasetStatus[] = [];
  for (const { name } of configuredStrategies(app.config)) {
    strategies[name] = (['backup', 'audit', 'drill'] as const).map((kind) => kindStatus(app, name, kind));
    for (const [id, { root: _root, ...known }] of Object.entries(readKnown(app.home.datasets[name])))
      datasets.push({ strategy: name, id, ...known });
  }
  const proofs = entries(strategies).flatMap(([, kinds]) => of(kinds, 'drill').lastOk?.ended ?? []);
  const provenAt = proofs.toSorted().at(-1) ?? null;
  return { sentence: sentence(strategies, app.now()), provenAt, strategies, datasets };
}

function entries(strategies: Status['strategies']): [StrategyName, KindStatus[]][] {
  return Object.entries(strategies) as [StrategyName, KindStatus[]][];
}

function of(kinds: KindStatus[], kind: Kind): KindStatus {
  return kinds.find((one) => one.kind === kind)!;
}

function kindStatus(app: App, strategy: StrategyName, kind: Kind): KindStatus {
  const { history, config } = app;
  const now = app.now();
  const [last = null] = history.runs({ kind, strategy, limit: 1 });
  const [lastOk = null] = history.runs({ kind, strategy, outcome: 'ok', limit: 1 });
  const job = jobsOf(config).find((candidate) => candidate.kind === kind && candidate.strategy === strategy);
  const running = last !== null && last.ended === null;
  if (job === undefined) return { kind, last, lastOk, running, next: null, overdue: false };
  const past = pastOf(history, job, now);
  const next = nextDue(job, past, config.timezone, now);
  const overdue = !running && overdueSince(job, past, config.timezone, now) !== null;
  return { kind, last, lastOk, running, next: next?.toISOString() ?? null, overdue };
}

/** A strategy that was never proven, or is no longer, must not hide behind the other one. */
function sentence(strategies: Status['strategies'], now: Date): string {
  const all = entries(strategies);
  const whose = (name: StrategyName): string => (all.length === 1 ? '' : ` of ${name}`);
  const proven = all.filter(([, kinds]) => of(kinds, 'drill').lastOk !== null);
  const first = proven.map(([name, kinds]) => {
    const when = ago(new Date(of(kinds, 'drill').lastOk!.ended!), now);
    return all.length === 1 ? when : `${name} ${when}`;
  });
  const parts = first.length === 0 ? [] : [`Last proven restorable: ${first.join(', ')}.`];
  for (const [name, kinds] of all) {
    const { last, lastOk } = of(kinds, 'drill');
    const failing = last !== null && last.outcome !== null && last.outcome !== 'ok';
    const subject = all.length === 1 ? '' : `${name} was `;
    if (lastOk === null)
      parts.push(
        failing
          ? `${subject}NEVER proven restorable: the last drill was not green.`
          : `${subject}${subject === '' ? 'Never' : 'never'} proven restorable: no drill has passed yet.`,
      );
    else if (failing) parts.push(`But the last drill${whose(name)} was NOT green.`);
    if (of(kinds, 'audit').last?.exit === exitCodes.damaged)
      parts.push(`The last audit${whose(name)} found DAMAGE in the store.`);
    if (lastOk !== null)
      for (const { kind, overdue } of kinds) if (overdue) parts.push(`The ${kind}${whose(name)} is overdue.`);
  }
  return parts.join(' ');
}

export function statusText({ sentence: first, strategies, datasets }: Status, now: Date): string {
  const rows = entries(strategies).flatMap(([name, kinds]) =>
    kinds.map(({ kind, last, lastOk, running, next, overdue }) => [
      `${kind} ${name}`,
      running ? `running since ${ago(new Date(last!.started), now)}` : outcomeOf(last, now),
      lastOk?.ended == null ? 'never' : ago(new Date(lastOk.ended), now),
      next === null ? 'not scheduled' : `${next}${overdue ? ' OVERDUE' : ''}`,
    ]),
  );
  const lines = [first, '', columns([['', 'LAST', 'LAST GOOD', 'NEXT'], ...rows])];
  for (const [, kinds] of entries(strategies)) {
    const verdict = of(kinds, 'drill').last?.result as DrillVerdict | null | undefined;
    if (verdict?.sentence !== undefined) lines.push('', verdict.sentence);
  }
  for (const { strategy, id, dataset, goneSince, leftOut } of datasets) {
    if (goneSince !== null)
      lines.push(
        '',
        `NO LONGER BACKED UP: ${id} (${dataset}) is gone, noticed ${ago(new Date(goneSince), now)}. Its backups of ${strategy} stay.`,
      );
    else if (leftOut)
      lines.push(
        '',
        `NOT BACKED UP BY ${strategy}: ${id} (${dataset}) is a volume, and it takes files only.`,
      );
  }
  const there = datasets.filter(({ goneSince, leftOut }) => goneSince === null && !leftOut);
  const table = [...Map.groupBy(there, ({ id, dataset }) => `${id} ${dataset}`).values()].map((same) => [
    same[0]!.id,
    same[0]!.dataset,
    same.map(({ strategy }) => strategy).join(', '),
  ]);
  if (table.length > 0) lines.push('', columns([['ID', 'DATASET', 'BY'], ...table]));
  return lines.join('\n');
}

function outcomeOf(last: RunRecord | null, now: Date): string {
  return last === null ? 'never ran' : `${last.outcome}, ${ago(new Date(last.started), now)}`;
}
