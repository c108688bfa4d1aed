// `haven status` for people: the sentence, a table of jobs, what the last drills said, and what stands behind the ids.
import { ago, columns } from '../cli/words.ts';
import type { RunRecord } from '../history/history.ts';
import type { DrillVerdict } from '../runs/drill-verdict.ts';
import { entries, of } from './sentence.ts';
import type { Status } from './status.ts';

export function statusText({ sentence: first, strategies, datasets }: Status, now: Date): string {
  const rows = entries(strategies).flatMap(([name, kinds]) =>
    kinds.map(({ kind, last, lastOk, running, next, paused, freshness: { level } }) => [
      `${kind} ${name}`,
      running ? `running since ${ago(new Date(last!.started), now)}` : outcomeOf(last, now),
      lastOk?.ended == null ? 'never' : ago(new Date(lastOk.ended), now),
      next === null
        ? 'not scheduled'
        : `${paused === null ? next : `paused until ${paused.until}`}${level === 'late' || level === 'overdue' ? ` ${level.toUpperCase()}` : ''}`,
    ]),
  );
  const lines = [first, '', columns([['', 'LAST', 'LAST GOOD', 'NEXT'], ...rows])];
  for (const [, kinds] of entries(strategies)) {
    const verdict = of(kinds, 'drill').last?.result as DrillVerdict | null | undefined;
    if (verdict?.sentence !== undefined) lines.push('', verdict.sentence);
  }
  for (const { strategy, id, dataset, goneSince, unconfigured, leftOut } of datasets) {
    if (unconfigured)
      lines.push(
        '',
        `NO LONGER BACKED UP: ${id} (${dataset}) is neither in \`datasets\` nor in \`retired\` any more. Its backups of ${strategy} stay.`,
      );
    else if (goneSince !== null)
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
  const there = datasets.filter(
    ({ goneSince, unconfigured, leftOut }) => goneSince === null && !unconfigured && !leftOut,
  );
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
