// What a sabotage came to: a row for each damage, and whether the drill may be trusted. Ids and kinds only; no row names a file or a dataset.
import type { StrategyName } from '../contract/request.ts';

export interface Row {
  name: string;
  what: string;
  /** What was demanded, in words. */
  demanded: string;
  /** `as demanded`; `NOT`: green over damage, or red for another reason; `not done`: it cannot be done to this backup. */
  came: 'as demanded' | 'NOT' | 'not done';
  /** Why not. */
  reasons: string[];
}

export interface SabotageReport {
  run: string;
  at: string;
  strategy: StrategyName;
  /** The backup that was copied, and how many it builds upon. */
  backup: string;
  chain: number;
  copiedBytes: number;
  seconds: number;
  pass: boolean;
  sentence: string;
  rows: Row[];
}

/** Given the rows, return whether the drill may be trusted, and a sentence. Nothing tried is no pass. */
export function judgeRows(rows: readonly Row[]): { pass: boolean; sentence: string } {
  const of = (came: Row['came']) => rows.filter((row) => row.came === came);
  const wrong = of('NOT');
  const [tried, notDone] = [rows.length - of('not done').length, of('not done').length];
  const left = notDone === 0 ? '' : ` ${notDone} could not be tried on this backup.`;
  if (tried === 0) return { pass: false, sentence: `Nothing was tried.${left}` };
  if (wrong.length === 0)
    return {
      pass: true,
      sentence: `${tried} of ${tried} came out as they must: damage is red for its own reason, what is whole is green.${left}`,
    };
  const names = wrong.map(({ name }) => name).join(', ');
  return {
    pass: false,
    sentence: `THIS DRILL CANNOT BE TRUSTED: ${wrong.length} of ${tried} did not come out as they must (${names}).${left}`,
  };
}
