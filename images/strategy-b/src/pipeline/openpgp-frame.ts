// Counts what gpg encrypted without decrypting it. OpenPGP tells the length of each packet in clear, in chunks ("partial body lengths", RFC 4880 section
// 4.2.2.4), so the size of the encrypted packet is known exactly; and what it holds besides the plaintext is fixed, so its size is a function of the plaintext's.
// What it cannot see: bytes altered at equal length, and one byte too few at the few sizes where a longer plaintext needs one header less (8185 and 8186).
// That is what decrypting a part is for (part.ts, provePart).

/** What is in the clear of a message: its encrypted packet's length and that of the packet's first chunk. */
export interface OpenPgpFrame {
  payload: number;
  firstChunk: number;
}

export interface OpenPgpWalk {
  take(chunk: Buffer): void;
  /** Given that it has ended, return its frame, or null when it is no whole OpenPGP message. */
  end(): OpenPgpFrame | null;
}

const encryptedPacket = 18;
/** Packets that hold the session key: for a public key, and for a passphrase. */
const keyPackets = [1, 3];
const longestHeader = 6;

/** Follows a message as it passes: packets with keys, then one encrypted packet (tag 18), then nothing. */
export function walkOpenPgp(): OpenPgpWalk {
  let head = Buffer.alloc(0);
  let skip = 0;
  let more = false; // the encrypted packet's next chunk begins here
  let wrong = false;
  let frame: OpenPgpFrame | undefined;
  let done = false;

  /** Given the bytes at hand, return how many of them are a header, or 0 when there are too few. */
  function header(bytes: Buffer): number {
    if (done) wrong = true;
    if (wrong) return bytes.length;
    const first = more ? 0 : 1;
    const tag = more ? encryptedPacket : tagOf(bytes[0]!);
    const isOld = !more && (bytes[0]! & 0x40) === 0;
    const length = isOld ? oldLength(bytes) : newLength(bytes, first);
    if (length === null) return 0;
    if (tag === encryptedPacket) {
      frame ??= { payload: 0, firstChunk: length.body };
      frame.payload += length.body;
      more = length.partial;
      done = !more;
    } else if (!keyPackets.includes(tag) || length.partial) wrong = true;
    skip = length.body;
    return first + length.bytes;
  }

  return {
    take: (chunk) => {
      let at = 0;
      while (at < chunk.length) {
        if (skip > 0) {
          const step = Math.min(skip, chunk.length - at);
          skip -= step;
          at += step;
          continue;
        }
        const before = head.length;
        head = Buffer.concat([head, chunk.subarray(at, at + longestHeader)]);
        const used = header(head);
        if (used === 0) {
          at = Math.min(chunk.length, at + longestHeader);
          continue;
        }
        at += used - before;
        head = Buffer.alloc(0);
      }
    },
    end: () => (done && skip === 0 && head.length === 0 && !wrong && frame !== undefined ? frame : null),
  };
}

/** Given a whole message, return whether it is one of those that gpg makes when it encrypts. */
export function isEncrypted(message: Buffer): boolean {
  const walk = walkOpenPgp();
  walk.take(message);
  return walk.end() !== null;
}

interface Length {
  body: number;
  bytes: number;
  partial: boolean;
}

function tagOf(byte: number): number {
  if ((byte & 0x80) === 0) return -1;
  return (byte & 0x40) === 0 ? (byte >> 2) & 15 : byte & 63;
}

function oldLength(bytes: Buffer): Length | null {
  const size = [1, 2, 4][bytes[0]! & 3];
  if (size === undefined) return { body: 0, bytes: 0, partial: true }; // of unknown length: not what gpg writes here
  return bytes.length < 1 + size ? null : { body: bytes.readUIntBE(1, size), bytes: size, partial: false };
}

function newLength(bytes: Buffer, at: number): Length | null {
  const first = bytes[at];
  if (first === undefined) return null;
  if (first < 192) return { body: first, bytes: 1, partial: false };
  if (first >= 224 && first < 255) return { body: 2 ** (first & 31), bytes: 1, partial: true };
  const size = first === 255 ? 5 : 2;
  if (bytes.length < at + size) return null;
  const body = first === 255 ? bytes.readUInt32BE(at + 1) : ((first - 192) << 8) + bytes[at + 1]! + 192;
  return { body, bytes: size, partial: false };
}

// Inside of the encrypted packet: its version, 16 random bytes of which the last two are repeated, the literal packet, and the packet with the hash over all.
const around = 1 + 18 + 22;
/** Before the plaintext in the literal packet: format, a name's length (no name), a date. */
const literalHead = 6;

/**
 * Given how much was encrypted and how the message begins, return the payload's length that gpg gives it. The literal packet is chunked too, out of gpg's
 * buffer: 8 KiB in 2.2; 64 KiB in 2.4, which sends 1 KiB ahead each time. The message's own first chunk tells which one wrote it.
 */
export function payloadLength(plainBytes: number, firstChunk: number): number {
  const body = literalHead + plainBytes;
  const isNew = firstChunk <= 1024;
  const buffer = isNew ? 65536 : 8192;
  const chunksOfFull = isNew ? 7 : 1; // 1024 + 32768 + 16384 + 8192 + 4096 + 2048 + 1024
  const rest = body % buffer;
  const lengths = isNew && rest >= 1024 ? 1 + lengthsOf(rest - 1024) : lengthsOf(rest);
  return around + 1 + body + Math.floor(body / buffer) * chunksOfFull + lengths;
}

/** Bytes of the length headers of what is left: a chunk for each power of two from 512 on, and the last, plain one. */
function lengthsOf(bytes: number): number {
  let chunks = 0;
  for (let left = bytes >> 9; left > 0; left >>= 1) chunks += left & 1;
  return chunks + (bytes % 512 < 192 ? 1 : 2);
}
