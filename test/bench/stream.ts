// A file that passes for a `zfs send` stream: a WRITE record's header before each 128 KiB block, as a pool with the default record size gives. Half of the
// blocks are like media, which no compressor makes smaller, and half like text. The same size and seed give the same bytes, so that it is made only once.
import { createCipheriv } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export const guid = '12345678901234567890';
const recordBytes = 312;
const blockBytes = 128 * 1024;
const layout = 1; // part of the name: another layout is another file

/** Given a folder and a size, return the path of the stream, made there unless it is there already. */
export function streamFile(folder: string, mebibytes: number, seed = 0): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `stream-${layout}-${mebibytes}-${seed}`);
  if (existsSync(path)) return path;
  const file = openSync(`${path}.made`, 'w', 0o600);
  for (const piece of streamPieces(mebibytes * 1024 * 1024, seed)) writeSync(file, piece);
  closeSync(file);
  renameSync(`${path}.made`, path);
  return path;
}

/** Given a size and a seed, give the stream: begin, as many blocks as fit, end. */
export function* streamPieces(bytes: number, seed: number): Generator<Buffer> {
  const chance = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  const nothing = Buffer.alloc(blockBytes);
  yield begin();
  let left = bytes - 2 * recordBytes;
  for (let block = 0; left >= recordBytes + blockBytes; block += 1) {
    const media = chance.update(nothing);
    yield writeRecord(block);
    yield block % 2 === 0 ? media : textOf(media);
    left -= recordBytes + blockBytes;
  }
  yield end();
}

/** Words of a small vocabulary: about as compressible as prose. */
function textOf(chance: Buffer): Buffer {
  const text = Buffer.alloc(blockBytes);
  for (let at = 0, word = 0; at < blockBytes; word += 1)
    at += text.write(`${vocabulary[chance.readUInt16LE((2 * word) % blockBytes) % vocabulary.length]} `, at);
  return text;
}

const vocabulary = Array.from({ length: 2000 }, (_, index) => (index * 2_654_435_761).toString(36));

function begin(): Buffer {
  const record = Buffer.alloc(recordBytes);
  record.writeBigUInt64LE(0x2f5bacbacn, 8);
  record.writeUInt32LE(2, 32);
  record.writeBigUInt64LE(BigInt(guid), 40);
  return record;
}

function writeRecord(block: number): Buffer {
  const record = Buffer.alloc(recordBytes);
  record.writeUInt32LE(3, 0);
  record.writeBigUInt64LE(BigInt(block), 8);
  record.writeBigUInt64LE(BigInt(block * blockBytes), 24);
  record.writeBigUInt64LE(BigInt(blockBytes), 32);
  return record;
}

function end(): Buffer {
  const record = Buffer.alloc(recordBytes);
  record.writeUInt32LE(5, 0);
  record.writeBigUInt64LE(BigInt(guid), 40);
  return record;
}
