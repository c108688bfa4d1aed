// A sabotage for people: a line for each damage, and under those that did not come out as they must what happened instead.
import type { Row, SabotageReport } from '../sabotage/report.ts';
import { bytes } from './words.ts';

const marks: Record<Row['came'], string> = {
  'as demanded': 'ok      ',
  NOT: 'FAILED  ',
  'not done': 'not done',
};

export function rowText({ name, what, demanded, came, reasons }: Row): string {
  return [
    `  ${marks[came]}  ${name.padEnd(15)}  ${what}`,
    `            ${demanded}`,
    ...reasons.map((reason) => `            ${came === 'NOT' ? 'INSTEAD' : 'because'}: ${reason}`),
  ].join('\n');
}

export function sabotageText({
  strategy,
  backup,
  chain,
  copiedBytes,
  seconds,
  rows,
  ...of
}: SabotageReport): string {
  const upon = chain === 1 ? 'a full' : `with the ${chain - 1} that it builds upon`;
  return [
    `${of.pass ? 'GREEN' : 'RED'}: strategy ${strategy}. ${of.sentence}`,
    `A copy of backup ${backup} (${upon}, ${bytes(copiedBytes)}) was damaged, in ${Math.round(seconds)} s; the store was only read.`,
    ...rows.map(rowText),
  ].join('\n');
}
