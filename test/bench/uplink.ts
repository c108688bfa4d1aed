// How much of a slow line is used, from the first byte of a part on it to the last: emulated lines of three speeds, with and without faults.
// Faults: one chunk in a hundred answered 503, and the connection reset after each 100 MB.
import type { Figure } from './figure.ts';
import type { Place } from './place.ts';
import { backUp } from './strategy-b.ts';
import { streamFile } from './stream.ts';

const faults = { failEveryNthChunk: 100, resetEveryBytes: 100_000_000 };
const none = { failEveryNthChunk: 0, resetEveryBytes: 0 };

export interface Line {
  bytesPerSecond: number;
  mebibytes: number;
}

/** A minute or so each: with less, the beginning weighs too much. */
export function linesFor(mebibytes: number): Line[] {
  return [1e6, 4e6, 12e6].map((bytesPerSecond) => ({
    bytesPerSecond,
    mebibytes: Math.max(1, Math.min(mebibytes, Math.round((bytesPerSecond * 80) / 1024 / 1024))),
  }));
}

export async function uplink(place: Place): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const line of linesFor(place.mebibytes))
    for (const faulty of [false, true]) figures.push(await useOf(line, faulty, place));
  await place.drive.admin('POST settings', { uploadBytesPerSecond: 0, ...none });
  return figures;
}

async function useOf({ bytesPerSecond, mebibytes }: Line, faulty: boolean, place: Place): Promise<Figure> {
  const { drive } = place;
  const stream = streamFile(place.cache, mebibytes);
  await drive.admin('POST settings', { uploadBytesPerSecond: bytesPerSecond, ...(faulty ? faults : none) });
  await drive.admin('DELETE requests');
  const partBytes = Math.max(65536, Math.round((mebibytes * 1024 * 1024) / 8));
  const made = await backUp({ stream, compression: { method: 'none' }, store: 'drive', partBytes }, place);
  const chunks = await drive.requests('upload-chunk');
  const seconds = secondsOnTheLine(chunks, bytesPerSecond);
  const value = made.storedBytes / seconds / bytesPerSecond;
  const what = `${bytesPerSecond / 1e6} MB/s${faulty ? ', with faults' : ''}: of the line`;
  place.tell(`uplink, ${what} ${value.toFixed(3)} (${made.storedBytes} bytes in ${seconds.toFixed(1)} s)`);
  const figure = { scenario: 'uplink', what, value, unit: '' };
  if (!faulty) return { ...figure, target: { atLeast: 0.97 } };
  const struck = strikes(chunks);
  const from = `${struck.refused} chunks refused, ${struck.cut} cut`;
  // A stream that is too short for both kinds proves nothing of them.
  return struck.refused > 0 && struck.cut > 0
    ? { ...figure, from, target: { atLeast: 0.93 } }
    : { ...figure, from };
}

/** Given the emulator's requests, return how many met a fault. */
export function strikes(requests: { status: number | 'cut' }[]): { refused: number; cut: number } {
  return {
    refused: requests.filter(({ status }) => status === 503).length,
    cut: requests.filter(({ status }) => status === 'cut').length,
  };
}

/** Given the emulator's requests, return the seconds from the first chunk's begin to the last one's end. */
export function secondsOnTheLine(
  requests: { at?: string | number; bodyBytes: number }[],
  bytesPerSecond: number,
): number {
  const times = requests.map(({ at }) => new Date(at ?? Number.NaN).getTime());
  return (
    (Math.max(...times) - Math.min(...times)) / 1000 + (requests.at(-1)?.bodyBytes ?? 0) / bytesPerSecond
  );
}
