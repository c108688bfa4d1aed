// Strategy A ÷ plain duplicity with the same options: the same tree to the same real Swift, in turns. Needs Docker and the images.
import { randomFillSync } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSwift } from '../servers/swift/tests/started-swift.ts';
import { type Cost, type Job, plainDuplicity, strategyA as runStrategyA } from './duplicity.ts';
import { type Figure, median, round } from './figure.ts';
import type { Place } from './place.ts';

export async function strategyA(
  place: Pick<Place, 'work' | 'mebibytes' | 'rounds' | 'tell'>,
  compressions: Job['compression'][] = ['zlib', 'none'],
): Promise<Figure[]> {
  const { mebibytes } = place;
  const tree = makeTree(join(place.work, 'tree-a'), mebibytes);
  const figures: Figure[] = [];
  for (const compression of compressions) {
    const swift = await startSwift();
    try {
      const job = { tree, work: place.work, compression, swift: swift.container };
      const plain: Cost[] = [];
      const ours: Cost[] = [];
      for (let n = 0; n < place.rounds; n += 1) {
        const turns: [Cost[], (job: Job) => Promise<Cost>, string][] = [
          [plain, plainDuplicity, `plain-${n}`],
          [ours, runStrategyA, `haven-${n}`],
        ];
        // Who goes first changes: what the first one leaves behind, the disk still writing, would favour nobody twice.
        for (const [costs, run, container] of n % 2 === 0 ? turns : turns.toReversed())
          costs.push(await run({ ...job, container }));
        const told = (cost: Cost | undefined) =>
          `${round(cost?.seconds ?? Number.NaN)} s (CPU ${round(cost?.cpuSeconds ?? Number.NaN)})`;
        place.tell(
          `strategy-a, ${mebibytes} MiB, ${compression}: plain ${told(plain.at(-1))}, ours ${told(ours.at(-1))}`,
        );
      }
      figures.push(...figuresOf(compression, plain, ours));
    } finally {
      await swift.dispose();
    }
  }
  return figures;
}

/** Given what each round cost, return the ratios and the memory. */
export function figuresOf(compression: string, plain: Cost[], ours: Cost[]): Figure[] {
  const scenario = 'strategy-a';
  const ratios = plain.map((cost, n) => cost.seconds / ours[n]!.seconds);
  const cpus = plain.map((cost, n) => ours[n]!.cpuSeconds / cost.cpuSeconds);
  const peak = (costs: Cost[], of: 'largestBytes' | 'togetherBytes') =>
    Math.max(...costs.map((cost) => cost[of])) / 1e6;
  return [
    {
      ...{ scenario, what: `${compression}: of plain duplicity’s speed`, value: median(ratios), unit: '' },
      target: { atLeast: 0.95 },
      from: ratios.map(round).join(', '),
    },
    {
      ...{ scenario, what: `${compression}: CPU time ÷ plain duplicity’s`, value: median(cpus), unit: '' },
      from: cpus.map(round).join(', '),
    },
    {
      ...{ scenario, what: `${compression}: memory, peak`, value: peak(ours, 'togetherBytes'), unit: 'MB' },
      from: `plain duplicity ${round(peak(plain, 'togetherBytes'))}; largest process ${round(peak(ours, 'largestBytes'))}, plain ${round(peak(plain, 'largestBytes'))}`,
    },
  ];
}

/** Half of the bytes like media, which nothing makes smaller, half like text; and small files, at which programs are slow. */
export function makeTree(folder: string, mebibytes: number): string {
  mkdirSync(join(folder, 'large'), { recursive: true });
  mkdirSync(join(folder, 'small'));
  const piece = Buffer.alloc(2 ** 20);
  for (let n = 0; n < mebibytes; n += 1) {
    randomFillSync(piece);
    const line = Buffer.from(`${piece.subarray(0, 24).toString('hex')} the quick brown fox\n`);
    writeFileSync(join(folder, 'large', String(n)), n % 2 === 0 ? piece : Buffer.alloc(piece.length, line));
  }
  for (let n = 0; n < 10 * mebibytes; n += 1)
    writeFileSync(join(folder, 'small', String(n)), `${n}\n`.repeat(100));
  chmodSync(folder, 0o755);
  return folder;
}
