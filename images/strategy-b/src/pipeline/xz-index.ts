// Reads how much an .xz stream holds from its end, without decompressing (the .xz file format 1.2, sections 2.1.2 and 4): the index lists each block's
// packed and plain size, and the footer says how long the index is. The sizes must add up to the stream's length, so nothing is missing in between either.

/** The most of a stream's end that is looked at: an index of 64 GiB in blocks of 1 MiB. */
export const xzTailBytes = 2 ** 20;

const headerBytes = 12;
const footerBytes = 12;

/** Given a stream's last bytes and its length, return how many bytes it decompresses to, or null when this is no whole stream. */
export function xzPlainBytes(tail: Buffer, streamBytes: number): number | null {
  if (tail.length < footerBytes || tail.subarray(-2).toString('latin1') !== 'YZ') return null;
  const indexBytes = (tail.readUInt32LE(tail.length - 8) + 1) * 4;
  const start = tail.length - footerBytes - indexBytes;
  if (start < 0 || tail[start] !== 0) return null;
  const numbers = readNumbers(tail.subarray(start + 1, tail.length - footerBytes - 4));
  const [records] = numbers.splice(0, 1);
  if (records === undefined || numbers.length < records * 2) return null;
  let packed = headerBytes + indexBytes + footerBytes;
  let plain = 0;
  for (let record = 0; record < records; record += 1) {
    packed += Math.ceil(numbers[record * 2]! / 4) * 4;
    plain += numbers[record * 2 + 1]!;
  }
  return packed === streamBytes ? plain : null;
}

/** Numbers of 7 bits a byte, the lowest first; the highest bit says that more follows. */
function readNumbers(bytes: Buffer): number[] {
  const numbers: number[] = [];
  let number = 0;
  let scale = 1;
  for (const byte of bytes) {
    number += (byte & 127) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    numbers.push(number);
    number = 0;
    scale = 1;
  }
  return numbers;
}
