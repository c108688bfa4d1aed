// One answer to "is all well?", for the sentence, the exit status of `haven status`, /healthz, the container's HEALTHCHECK and the metrics. Pure.
import { exitCodes } from '../errors.ts';
import type { RunRecord } from '../history/history.ts';
import { type Level, worst } from './freshness.ts';

/** `damaged`: the last look at the store that came to an end found damage; no age makes up for that. */
export type HealthLevel = Level | 'damaged';

export const healthLevels: readonly HealthLevel[] = ['unknown', 'fresh', 'late', 'overdue', 'damaged'];

/** `unknown` is well: what was never scheduled was never promised. */
export const healthExits = {
  unknown: 0,
  fresh: 0,
  late: 13,
  overdue: 14,
  damaged: exitCodes.damaged,
} as const satisfies Record<HealthLevel, number>;

export function overall(levels: Level[], damaged: boolean): HealthLevel {
  return damaged ? 'damaged' : worst(levels);
}

/** Given runs of one kind, newest first, say whether the newest that came to a finding found damage: one that was cut off takes nothing back. */
export function foundDamage(runs: Pick<RunRecord, 'exit' | 'outcome'>[]): boolean {
  const finding = runs.find(({ exit, outcome }) => outcome === 'ok' || exit === exitCodes.damaged);
  return finding?.exit === exitCodes.damaged;
}

const startingMs = 6 * 3600 * 1000;

export interface Usual {
  /** Of the last good runs; none: there was no good one yet. */
  goodRunsMs: number[];
  running: boolean;
  /** After so long a run is stopped. */
  longestMs: number;
}

/**
 * Given how long runs take, return how long the next may: six hours beyond the longest of the last good ones. The first of all may take weeks, as long as it runs;
 * a schedule that never started anything gets the six hours alone.
 */
export function graceOf({ goodRunsMs, running, longestMs }: Usual): number {
  if (goodRunsMs.length > 0) return startingMs + Math.max(...goodRunsMs);
  return running ? longestMs : startingMs;
}
