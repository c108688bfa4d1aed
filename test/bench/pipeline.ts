// Strategy B's pipeline with a store that keeps nothing ÷ the same pipeline in a shell, one after the other in each round.
import { type Figure, median, round } from './figure.ts';
import type { Place } from './place.ts';
import { shellPipeline } from './shell.ts';
import { backUp, type Compression } from './strategy-b.ts';
import { streamFile } from './stream.ts';

const compressions: Compression[] = [
  { method: 'zstd', level: 3 },
  { method: 'none' },
  { method: 'xz', level: 1 },
];

export async function pipeline(place: Place): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const compression of compressions) {
    const name = compression.method === 'none' ? 'none' : `${compression.method} -${compression.level}`;
    // xz is many times slower than the others, and the whole bench shall end within the hour.
    const mebibytes = compression.method === 'xz' ? Math.ceil(place.mebibytes / 16) : place.mebibytes;
    const stream = streamFile(place.cache, mebibytes);
    const walls: number[] = [];
    const cpus: number[] = [];
    for (let n = 0; n < place.rounds; n += 1) {
      const shell = await shellPipeline(stream, compression, '> /dev/null', place);
      const ours = await backUp({ stream, compression, store: 'null' }, place);
      walls.push(shell.seconds / ours.seconds);
      cpus.push(ours.cpuSeconds / shell.cpuSeconds);
      place.tell(
        `pipeline, ${name}: shell ${shell.seconds} s (CPU ${round(shell.cpuSeconds)}), ours ${ours.seconds} s (CPU ${round(ours.cpuSeconds)})`,
      );
    }
    figures.push(
      {
        ...{ scenario: 'pipeline', what: `${name}: of the shell’s speed`, value: median(walls), unit: '' },
        target: { atLeast: 0.95 },
        from: walls.map(round).join(', '),
      },
      {
        ...{ scenario: 'pipeline', what: `${name}: CPU time ÷ the shell’s`, value: median(cpus), unit: '' },
        from: cpus.map(round).join(', '),
      },
    );
  }
  return figures;
}
