/** The checksums of stored bytes. Always computed from the bytes that went to disk, never from what a client declared. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';

export interface Checksums {
  md5: string;
  sha1: string;
  sha256: string;
}

export interface Digests {
  readonly bytes: number;
  update(piece: Uint8Array): void;
  /** The checksums of everything so far; more can follow. */
  soFar(): Checksums;
}

export function createDigests(): Digests {
  const hashes: Record<keyof Checksums, Hash> = {
    md5: createHash('md5'),
    sha1: createHash('sha1'),
    sha256: createHash('sha256'),
  };
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    update(piece) {
      bytes += piece.length;
      hashes.md5.update(piece);
      hashes.sha1.update(piece);
      hashes.sha256.update(piece);
    },
    soFar: () => ({
      md5: hashes.md5.copy().digest('hex'),
      sha1: hashes.sha1.copy().digest('hex'),
      sha256: hashes.sha256.copy().digest('hex'),
    }),
  };
}

export async function digestFile(path: string): Promise<Digests> {
  const digests = createDigests();
  for await (const piece of createReadStream(path)) {
    digests.update(piece);
  }
  return digests;
}
