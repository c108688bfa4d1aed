// Cuts a stream into pieces of `partBytes`. No piece is empty, none is begun before it is known that it has a byte, and
// the bytes of all pieces in their order are the bytes of the stream. An error of the source is an error of the piece being read.

/** Given a stream, return its pieces. Each must be read to its end before the next is asked for. */
export async function* cut(
  source: AsyncIterable<Buffer>,
  partBytes: number,
): AsyncGenerator<AsyncIterable<Buffer>, void> {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Buffer | undefined;
  let reading = false;

  async function next(): Promise<Buffer | undefined> {
    for (;;) {
      const { done, value } = await chunks.next();
      if (done === true) return undefined;
      if (value.length > 0) return value;
    }
  }

  async function* piece(): AsyncGenerator<Buffer> {
    let left = partBytes;
    while (rest !== undefined && left > 0) {
      const head = rest.subarray(0, left);
      left -= head.length;
      rest = rest.length > head.length ? rest.subarray(head.length) : undefined;
      yield head;
      if (left > 0) rest ??= await next();
    }
    reading = false;
  }

  try {
    rest = await next();
    while (rest !== undefined) {
      reading = true;
      yield piece();
      if (reading) throw new Error('a piece was left before its end');
      rest ??= await next();
    }
  } finally {
    await chunks.return?.();
  }
}
