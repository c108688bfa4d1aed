// The spool file on its way: read a chunk at a time, hashed a prefix at a time. Memory is one chunk.
import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

export async function readChunk(
  handle: FileHandle,
  buffer: Buffer,
  offset: number,
  total: number,
): Promise<Buffer> {
  const wanted = Math.min(buffer.length, total - offset);
  let filled = 0;
  while (filled < wanted) {
    const { bytesRead } = await handle.read(buffer, filled, wanted - filled, offset + filled);
    if (bytesRead === 0) throw new Error('the spool file became shorter');
    filled += bytesRead;
  }
  return buffer.subarray(0, wanted);
}

/** Given a file, return the md5 of its first `upTo` bytes, open for more. */
export async function hashPrefix(handle: FileHandle, upTo: number): Promise<Hash> {
  const hash = createHash('md5');
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  for (let at = 0; at < upTo; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, upTo - at), at);
    if (bytesRead === 0) throw new Error('the spool file became shorter');
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash;
}
