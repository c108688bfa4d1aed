// Peak resident memory of strategy B's process, its children apart, with a short stream and a long one.
import type { Figure } from './figure.ts';
import type { Place } from './place.ts';
import { backUp } from './strategy-b.ts';
import { streamFile } from './stream.ts';

const limitMegabytes = 130;

export async function memory(place: Place): Promise<Figure[]> {
  const peaks: number[] = [];
  const figures: Figure[] = [];
  // To the emulated Drive: the uploader's buffers count too.
  for (const mebibytes of [place.shortMebibytes, place.longMebibytes]) {
    const stream = streamFile(place.cache, mebibytes);
    const { peakMebibytes } = await backUp(
      { stream, compression: { method: 'zstd', level: 3 }, store: 'drive' },
      place,
    );
    peaks.push(peakMebibytes);
    place.tell(`memory, ${mebibytes} MiB: ${peakMebibytes.toFixed(1)} MiB`);
    figures.push({
      ...{ scenario: 'memory', what: `peak, stream of ${mebibytes} MiB`, value: peakMebibytes * 1.048576 },
      unit: 'MB',
      target: { atMost: limitMegabytes },
    });
  }
  const [short, long] = peaks as [number, number];
  figures.push({
    ...{ scenario: 'memory', what: 'long ÷ short', value: long / short, unit: '', target: { atMost: 1.05 } },
  });
  return figures;
}
