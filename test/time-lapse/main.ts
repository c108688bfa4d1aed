// The time-lapse on the command line: test/time-lapse/run [--days 730] [--seed 1]
import { parseArgs } from 'node:util';
import { live, type Month, ofYears } from './life.ts';

const { values } = parseArgs({
  options: { days: { type: 'string', default: '730' }, seed: { type: 'string', default: '1' } },
});
const columns: [string, (month: Month) => string | number][] = [
  ['month', ({ month }) => month],
  ['backups', ({ backups }) => backups],
  ['fulls', ({ fulls }) => fulls],
  ['not ok', ({ notOk }) => notOk],
  ['green', ({ green }) => green],
  ['red', ({ red }) => red],
  ['pruned', ({ chainsPruned }) => chainsPruned],
  [
    'oldest proof',
    ({ oldestProof }) =>
      oldestProof === null ? '-' : oldestProof === Number.POSITIVE_INFINITY ? 'none' : `${oldestProof} d`,
  ],
  ['days said', ({ daysSaid }) => daysSaid],
  ['what happened', ({ happened }) => happened.join('; ')],
];
const line = (cells: (string | number)[]) =>
  console.log(
    cells
      .map((cell, at) => String(cell).padEnd(columns[at]![0].length))
      .join('  ')
      .trimEnd(),
  );

console.log(`${values.days} days, seed ${values.seed}`);
line(columns.map(([name]) => name));
await live({
  days: Number(values.days),
  seed: Number(values.seed),
  rhythm: ofYears,
  onMonth: (month) => line(columns.map(([, cell]) => cell(month))),
});
console.log(
  'never without a proven restorable backup, not older than promised, but on days when the status said so',
);
