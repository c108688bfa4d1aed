// Counts and hashes of what flows by.
import { createHash, type Hash } from 'node:crypto';

export interface Measure {
  readonly bytes: number;
  take(chunk: Buffer): void;
  /** The digest so far; more may follow. */
  digest(algorithm: 'sha256' | 'md5'): string;
}

export function createMeasure(...algorithms: ('sha256' | 'md5')[]): Measure {
  const hashes = new Map<string, Hash>(algorithms.map((algorithm) => [algorithm, createHash(algorithm)]));
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    take: (chunk) => {
      bytes += chunk.length;
      for (const hash of hashes.values()) hash.update(chunk);
    },
    digest: (algorithm) => {
      const hash = hashes.get(algorithm);
      if (hash === undefined) throw new Error(`${algorithm} is not measured here`);
      return hash.copy().digest('hex');
    },
  };
}

/** Given a stream and a measure, return the same stream, measured as it is read; `take` sees it too. */
export async function* measured(
  source: AsyncIterable<Buffer>,
  measure: Measure,
  take?: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    measure.take(chunk);
    take?.(chunk);
    yield chunk;
  }
}
