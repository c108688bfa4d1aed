// How safe the data is, from the history alone: one sentence first.
import type { App } from '../app.ts';
import { ago, columns } from '../cli/words.ts';
import { exitCodes } from '../errors.ts';
import type { DrillVerdict } from '../runs/drill.ts';
import { readKnown } from '../runs/known-datasets.ts';
import { jobsOf, nextDue, overdueSince } from '../schedule/due.ts';
import { pastOf } from '../schedule/past.ts';
import type { Kind, RunRecord } from './history.ts';

export interface KindStatus {
  kind: Kind;
  last: RunRecord | null;
  lastOk: RunRecord | null;
  running: boolean;
  next: string | null;
  overdue: boolean;
}

export interface Status {
  sentence: string;
  provenAt: string | null;
  b: KindStatus[];
  /** Of the last backup: which id stood for which dataset. */
  datasets: { id: string; dataset: string; goneSince: string | null }[];
}

export function readStatus(app: App): Status {
  const b = (['backup', 'audit', 'drill'] as const).map((kind) => kindStatus(app, kind));
  const proven = b.find(({ kind }) => kind === 'drill')?.lastOk ?? null;
  const datasets = Object.entries(readKnown(app.home.datasets)).map(([id, { dataset, goneSince }]) => {
    return { id, dataset, goneSince };
  });
  return { sentence: sentence(app, b, proven), provenAt: proven?.ended ?? null, b, datasets };
}

function kindStatus(app: App, kind: Kind): KindStatus {
  const { history, config } = app;
  const now = app.now();
  const [last = null] = history.runs({ kind, strategy: 'b', limit: 1 });
  const [lastOk = null] = history.runs({ kind, strategy: 'b', outcome: 'ok', limit: 1 });
  const job = jobsOf(config).find((candidate) => candidate.kind === kind);
  const running = last !== null && last.ended === null;
  if (job === undefined) return { kind, last, lastOk, running, next: null, overdue: false };
  const past = pastOf(history, job, now);
  const next = nextDue(job, past, config.timezone, now);
  const overdue = !running && overdueSince(job, past, config.timezone, now) !== null;
  return { kind, last, lastOk, running, next: next?.toISOString() ?? null, overdue };
}

function sentence(app: App, b: KindStatus[], proven: RunRecord | null): string {
  const drill = b.find(({ kind }) => kind === 'drill');
  const audit = b.find(({ kind }) => kind === 'audit')?.last?.exit;
  const damage = audit === exitCodes.damaged ? ' The last audit found DAMAGE in the store.' : '';
  const failing = drill?.last != null && drill.last.outcome !== null && drill.last.outcome !== 'ok';
  if (proven?.ended == null) {
    return failing
      ? `NEVER proven restorable: the last drill was not green.${damage}`
      : `Never proven restorable: no drill has passed yet.${damage}`;
  }
  const when = `Last proven restorable: ${ago(new Date(proven.ended), app.now())}.`;
  const latest = failing ? ' But the last drill was NOT green.' : '';
  const late = b.filter(({ overdue }) => overdue).map(({ kind }) => ` The ${kind} is overdue.`);
  return when + latest + damage + late.join('');
}

export function statusText({ sentence: first, b, datasets }: Status, now: Date): string {
  const rows = b.map(({ kind, last, lastOk, running, next, overdue }) => [
    `${kind} b`,
    running ? `running since ${ago(new Date(last!.started), now)}` : outcomeOf(last, now),
    lastOk?.ended == null ? 'never' : ago(new Date(lastOk.ended), now),
    next === null ? 'not scheduled' : `${next}${overdue ? ' OVERDUE' : ''}`,
  ]);
  const verdict = b.find(({ kind }) => kind === 'drill')?.last?.result as DrillVerdict | null | undefined;
  const lines = [first, '', columns([['', 'LAST', 'LAST GOOD', 'NEXT'], ...rows])];
  if (verdict?.sentence !== undefined) lines.push('', verdict.sentence);
  for (const { id, dataset, goneSince } of datasets) {
    if (goneSince === null) continue;
    const since = ago(new Date(goneSince), now);
    lines.push('', `NO LONGER BACKED UP: ${id} (${dataset}) is gone, noticed ${since}. Its backups stay.`);
  }
  const there = datasets.filter(({ goneSince }) => goneSince === null);
  if (there.length > 0)
    lines.push('', columns([['ID', 'DATASET'], ...there.map((it) => [it.id, it.dataset])]));
  return lines.join('\n');
}

function outcomeOf(last: RunRecord | null, now: Date): string {
  return last === null ? 'never ran' : `${last.outcome}, ${ago(new Date(last.started), now)}`;
}
