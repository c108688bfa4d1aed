import type { Command } from './command.ts';

/** Given datasets that exist, return the size of the largest as a restore would write it: before any compression, without snapshots. 0 for none. */
export async function largestBytes(zfs: Command, datasets: string[]): Promise<number> {
  if (datasets.length === 0) return 0;
  const output = await zfs(['list', '-H', '-p', '-o', 'logicalreferenced', ...datasets]);
  return output
    .split('\n')
    .filter(Boolean)
    .reduce((most, line) => Math.max(most, Number(line) || 0), 0);
}
