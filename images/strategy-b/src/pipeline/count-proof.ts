// The proof by counts: reads out of what the tools wrote how much they had read, and compares it with what they were given. A tool that exits 0 after half
// of its input shows at once, for the price of looking at a few headers. What it cannot see is content altered at equal length (provePart does).
import createHasher from 'xxhash-wasm';
import type { Compression } from '../settings.ts';
import { payloadLength, walkOpenPgp } from './openpgp-frame.ts';
import { xzPlainBytes, xzTailBytes } from './xz-index.ts';
import { walkZstd } from './zstd-frame.ts';

export interface CountProof {
  takePlain(chunk: Buffer): void;
  /** What the compressor gave; not called when there is none. */
  takePacked(chunk: Buffer): void;
  takeStored(chunk: Buffer): void;
  /** Given that all has passed, say what does not agree, or null. */
  disagreement(plainBytes: number): string | null;
}

interface CompressorProof {
  takePlain(chunk: Buffer): void;
  takePacked(chunk: Buffer): void;
  disagreement(plainBytes: number, packedBytes: number): string | null;
}

export async function createCountProof({ method }: Pick<Compression, 'method'>): Promise<CountProof> {
  const walk = walkOpenPgp();
  const compressor = method === 'none' ? null : await { xz: proveXz, zstd: proveZstd }[method]();
  let packedBytes = 0;

  return {
    takePlain: (chunk) => compressor?.takePlain(chunk),
    takePacked: (chunk) => {
      packedBytes += chunk.length;
      compressor?.takePacked(chunk);
    },
    takeStored: walk.take,
    disagreement: (plainBytes) => {
      const wrong = compressor?.disagreement(plainBytes, packedBytes) ?? null;
      if (wrong !== null) return wrong;
      const given = compressor === null ? plainBytes : packedBytes;
      const frame = walk.end();
      if (frame === null) return 'what gpg wrote is no whole message';
      const expected = payloadLength(given, frame.firstChunk);
      return frame.payload === expected
        ? null
        : `gpg encrypted ${frame.payload} bytes where ${given} bytes given to it make ${expected}`;
    },
  };
}

async function proveXz(): Promise<CompressorProof> {
  let tail: Buffer[] = [];
  let kept = 0;
  return {
    takePlain: () => undefined,
    takePacked: (chunk) => {
      tail.push(chunk);
      kept += chunk.length;
      if (kept < 2 * xzTailBytes) return;
      tail = [Buffer.concat(tail).subarray(-xzTailBytes)];
      kept = xzTailBytes;
    },
    disagreement: (plainBytes, packedBytes) => {
      const found = xzPlainBytes(Buffer.concat(tail).subarray(-xzTailBytes), packedBytes);
      if (found === null) return 'what xz wrote is no whole stream';
      return found === plainBytes ? null : `xz compressed ${found} bytes of the ${plainBytes} given to it`;
    },
  };
}

async function proveZstd(): Promise<CompressorProof> {
  const hash = (await createHasher()).create64();
  const walk = walkZstd();
  return {
    takePlain: (chunk) => void hash.update(chunk),
    takePacked: walk.take,
    disagreement: () => {
      const found = walk.end();
      if (found === null) return 'what zstd wrote is no whole frame';
      const ours = Number(hash.digest() & 0xffffffffn);
      return found === ours ? null : 'zstd’s checksum is not that of what was given to it';
    },
  };
}
