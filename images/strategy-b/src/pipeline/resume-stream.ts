// Continuing a stream that is made again from its beginning: what was sent before is skipped, but hashed and compared. A stream is only
// continued when its prefix is the very one that the parts were made of; nothing in ZFS promises that it is.
import { createMeasure } from './measure.ts';

/** The stream is not the one that the parts were made of: none of them may be used with it. */
export class PrefixDiffers extends Error {}

export interface Piece {
  bytes: number;
  sha256: string;
}

/** Given a stream and the pieces that were made of its beginning, return the rest of it; throws PrefixDiffers before the first byte of the rest. */
export async function* afterPrefix(
  source: AsyncIterable<Buffer>,
  pieces: Piece[],
  onSkipped: (bytes: number) => void = () => undefined,
): AsyncGenerator<Buffer> {
  const left = pieces.values();
  let piece = left.next().value;
  let measure = createMeasure('sha256');

  for await (let chunk of source) {
    while (piece !== undefined && chunk.length > 0) {
      const head = chunk.subarray(0, piece.bytes - measure.bytes);
      measure.take(head);
      onSkipped(head.length);
      chunk = chunk.subarray(head.length);
      if (measure.bytes < piece.bytes) break;
      if (measure.digest('sha256') !== piece.sha256) throw new PrefixDiffers('its bytes differ');
      piece = left.next().value;
      measure = createMeasure('sha256');
    }
    if (chunk.length > 0) yield chunk;
  }
  if (piece !== undefined) throw new PrefixDiffers('it is shorter');
}
