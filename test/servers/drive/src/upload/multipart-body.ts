/**
 * Takes a multipart/related body apart as it arrives: the JSON part whole, the media part as a stream of any length. Works on
 * bytes, never on text: binary media must come out as it went in.
 */
import { apiRefusal } from '../http/refusal.ts';

export interface MultipartUpload {
  metadata: string;
  contentType: string | undefined;
  media: AsyncIterable<Uint8Array>;
}

const HEAD_LIMIT = 1024 * 1024;

/** Given the Content-Type header, return the boundary; throws 400 without one. */
export function boundaryOf(contentType: string | undefined): string {
  const match = /^multipart\/related\s*;.*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType ?? '');
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) {
    throw malformed('missing multipart boundary');
  }
  return boundary;
}

export async function readMultipart(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
): Promise<MultipartUpload> {
  const pieces = source[Symbol.asyncIterator]();
  let buffer: Buffer = Buffer.alloc(0);

  async function more(): Promise<boolean> {
    const { done, value } = await pieces.next();
    if (done) {
      return false;
    }
    buffer = Buffer.concat([buffer, value]);
    return true;
  }

  async function readUntil(mark: Buffer): Promise<Buffer> {
    let at = buffer.indexOf(mark);
    while (at < 0) {
      if (buffer.length > HEAD_LIMIT || !(await more())) {
        throw malformed('the multipart body is incomplete');
      }
      at = buffer.indexOf(mark);
    }
    const before = buffer.subarray(0, at);
    buffer = buffer.subarray(at + mark.length);
    return before;
  }

  // The standard says CRLF; Google's own Python library sends LF alone. The end of the first line tells.
  await readUntil(Buffer.from(`--${boundary}`));
  const newline = (await readUntil(Buffer.from('\n'))).at(-1) === 0x0d ? '\r\n' : '\n';
  const delimiter = Buffer.from(`${newline}--${boundary}`);
  const blankLine = Buffer.from(newline + newline);
  await readUntil(blankLine);
  const metadata = (await readUntil(delimiter)).toString('utf8');
  const head = (await readUntil(blankLine)).toString('latin1');
  if (/^content-transfer-encoding:\s*base64/im.test(head)) {
    throw malformed('the emulator takes media parts as binary only, not as base64');
  }

  async function* media(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const at = buffer.indexOf(delimiter);
      if (at >= 0) {
        yield buffer.subarray(0, at);
        while (!(await pieces.next()).done);
        return;
      }
      // The end of what is here may be the beginning of the boundary.
      const safe = Math.max(0, buffer.length - delimiter.length);
      const ready = buffer.subarray(0, safe);
      buffer = buffer.subarray(safe);
      if (ready.length > 0) {
        yield ready;
      }
      if (!(await more())) {
        throw malformed('the multipart body ends without its boundary');
      }
    }
  }
  return { metadata, contentType: /^content-type:\s*(.+?)\s*$/im.exec(head)?.[1], media: media() };
}

function malformed(what: string) {
  return apiRefusal(400, { reason: 'badContent', message: `Malformed multipart body: ${what}.` });
}
