// What a drill is going to take, said before it begins: what is downloaded, and the room for the largest of what is restored. Whether there is room is asked again before each restore.
import { statfsSync } from 'node:fs';
import type { App } from '../app.ts';
import type { Chosen } from './drill-choose.ts';
import { roomFor, scratchOf, streamBytes } from './drill-steps.ts';

export interface Preflight {
  datasets: number;
  backups: number;
  downloadBytes: number;
  /** For the largest: one after the other is restored and removed. */
  scratchBytes: number;
  scratchFreeBytes: number;
}

export function preflight(app: App, chosen: Chosen[]): Preflight {
  const chains = chosen.flatMap(({ chain }) => (chain.ok ? [chain.value] : []));
  const backups = chains.flat();
  const { bavail, bsize } = statfsSync(scratchOf(app));
  return {
    datasets: chosen.length,
    backups: backups.length,
    downloadBytes: backups.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
    scratchBytes: chains.length === 0 ? 0 : roomFor(Math.max(...chains.map(streamBytes))),
    scratchFreeBytes: bavail * bsize,
  };
}
