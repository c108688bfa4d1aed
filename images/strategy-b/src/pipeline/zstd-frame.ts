// Follows a zstd frame as it passes (RFC 8878, section 3.1.1), without decompressing: block after block, by their headers, to the checksum at its end.
// zstd does not tell how much it read; but the checksum is made of what it read, so it equals ours only when it read everything.

const magic = 0xfd2fb528;
const checksumFlag = 4;
const rle = 1;

export interface ZstdWalk {
  take(chunk: Buffer): void;
  /** Given that it has ended, return the checksum in it (the low half of XXH64 of the content), or null when it is no whole frame. */
  end(): number | null;
}

export function walkZstd(): ZstdWalk {
  let at: 'header' | 'block' | 'checksum' | 'end' = 'header';
  let need = 5;
  let skip = 0;
  let held = Buffer.alloc(0);
  let checksum: number | null = null;
  let wrong = false;

  /** Given `need` bytes, understand them: sets what is needed next and how much is passed over before. */
  function understand(bytes: Buffer): void {
    if (at === 'header') {
      const length = headerLength(bytes);
      if (length === null) wrong = true;
      else {
        skip = length - bytes.length;
        at = 'block';
        need = 3;
      }
      return;
    }
    if (at === 'checksum') {
      checksum = bytes.readUInt32LE();
      at = 'end';
      need = 1;
      return;
    }
    const block = bytes.readUIntLE(0, 3);
    const isLast = (block & 1) === 1;
    skip = ((block >> 1) & 3) === rle ? 1 : block >> 3;
    if (isLast) at = 'checksum';
    need = isLast ? 4 : 3;
  }

  return {
    take: (chunk) => {
      let from = 0;
      while (from < chunk.length && !wrong) {
        if (at === 'end') {
          wrong = true; // nothing may follow
          return;
        }
        const passed = Math.min(skip, chunk.length - from);
        skip -= passed;
        from += passed;
        if (skip > 0 || from === chunk.length) return;
        const taken = chunk.subarray(from, from + need - held.length);
        held = Buffer.concat([held, taken]);
        from += taken.length;
        if (held.length < need) return;
        understand(held);
        held = Buffer.alloc(0);
      }
    },
    end: () => (wrong || at !== 'end' ? null : checksum),
  };
}

/** Given a frame's first five bytes, return its header's length, or null when it is no frame with a checksum. */
function headerLength(bytes: Buffer): number | null {
  const descriptor = bytes[4]!;
  if (bytes.readUInt32LE() !== magic || (descriptor & checksumFlag) === 0) return null;
  const isSingle = (descriptor & 32) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3]!;
  const content = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  return 5 + (isSingle ? 0 : 1) + dictionary + content;
}
