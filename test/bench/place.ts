// Where a bench works and how large: given to each scenario.
import type { Drive } from '../strategy-b/drive.ts';

export interface Place {
  /** Removed afterwards. */
  work: string;
  /** Stays, so that streams are made only once. */
  cache: string;
  drive: Drive;
  /** Of the stream. */
  mebibytes: number;
  /** Of the two streams that memory is measured with. */
  shortMebibytes: number;
  longMebibytes: number;
  rounds: number;
  /** Called with each measurement as it is made. */
  tell(line: string): void;
}
