// A line of the report, and the arithmetic of it.

export interface Figure {
  scenario: string;
  what: string;
  value: number;
  unit: string;
  target?: { atLeast: number } | { atMost: number };
  /** The measurements that the value is the median of, or what else one wants to know. */
  from?: string;
}

/** Given a figure, say whether it is as good as it shall be; undefined when there is no target. */
export function isGood({ value, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  // Not a number is never good.
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

/** Given measurements, return their median. */
export function median(values: number[]): number {
  if (values.length === 0) throw new Error('a median of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Given figures, return the table for people. */
export function table(figures: Figure[]): string {
  const rows = figures.map((figure) => {
    const good = isGood(figure);
    return [
      figure.scenario,
      figure.what,
      `${round(figure.value)}${figure.unit === '' ? '' : ` ${figure.unit}`}`,
      targetOf(figure),
      good === undefined ? '' : good ? 'ok' : 'NOT',
      figure.from ?? '',
    ];
  });
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}

function targetOf({ target }: Figure): string {
  if (target === undefined) return '';
  return 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
}
