/** files.get?alt=media, with Range. */
import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GrantedExchange } from '../exchange.ts';
import type { Answer } from '../http/answer.ts';
import { apiRefusal } from '../http/refusal.ts';
import type { Content } from '../state/records.ts';
import { visibleFile } from './resource.ts';

export function download(exchange: GrantedExchange, id: string): Answer {
  const { emulator, grant, query, request } = exchange;
  const file = visibleFile(id, emulator, grant);
  const { content } = file;
  if (!content) {
    throw apiRefusal(403, {
      reason: 'fileNotDownloadable',
      message:
        'Only files with binary content can be directly downloaded. Use Export with Docs Editors files.',
      location: 'alt',
    });
  }
  if (file.abusive && query.get('acknowledgeAbuse') !== 'true') {
    throw apiRefusal(403, {
      reason: 'cannotDownloadAbusiveFile',
      message: 'This file has been identified as malware or spam and cannot be downloaded.',
      location: 'alt',
    });
  }
  // The length is that of the stored bytes, even where a test made the metadata claim another.
  const size = emulator.store.blobSize(content.blob);
  const range = parseRange(request.headers.range, size);
  if (range === 'unsatisfiable') {
    const refusal = apiRefusal(416, {
      reason: 'requestedRangeNotSatisfiable',
      message: 'Request range not satisfiable',
      location: 'Range',
      locationType: 'header',
      headers: { 'Content-Range': `bytes */${size}` },
    });
    throw refusal;
  }
  const { first, last } = range ?? { first: 0, last: size - 1 };
  return {
    status: range ? 206 : 200,
    headers: {
      'Content-Type': file.mimeType,
      'Content-Length': String(last - first + 1),
      ...(range && { 'Content-Range': `bytes ${first}-${last}/${size}` }),
    },
    body: last < first ? '' : bytesOf(exchange, content, first, last),
  };
}

/** Given a Range header and the size, return the part meant; undefined where a server answers with the whole. */
export function parseRange(
  header: string | undefined,
  size: number,
): { first: number; last: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) {
    return undefined;
  }
  if (match[1] === '') {
    const length = Number(match[2]);
    return length === 0 || size === 0
      ? 'unsatisfiable'
      : { first: Math.max(0, size - length), last: size - 1 };
  }
  const first = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== '' && Number(match[2]) < first) {
    return undefined;
  }
  return first >= size ? 'unsatisfiable' : { first, last };
}

async function* bytesOf(
  { emulator, faults, cut, gone }: GrantedExchange,
  content: Content,
  first: number,
  last: number,
): AsyncGenerator<Uint8Array> {
  const length = last - first + 1;
  const flip = faults.take('bit-flip-on-wire', ({ offset }) => Number(offset) < length);
  const reset = faults.take('reset-inside-body', ({ afterBytes }) => Number(afterBytes) < length);
  const slow = faults.take('slow');
  const stall = faults.take('stall', ({ afterBytes }) => Number(afterBytes) < length);
  let sent = 0;
  for await (const piece of createReadStream(emulator.store.blobPath(content.blob), {
    start: first,
    end: last,
  })) {
    const bytes: Buffer = piece;
    const flipAt = flip ? Number(flip.offset) - sent : -1;
    if (flipAt >= 0 && flipAt < bytes.length) {
      bytes[flipAt]! ^= 1;
    }
    if (reset && sent + bytes.length > Number(reset.afterBytes)) {
      yield bytes.subarray(0, Math.max(0, Number(reset.afterBytes) - sent));
      cut();
      return;
    }
    if (stall && sent + bytes.length > Number(stall.afterBytes)) {
      yield bytes.subarray(0, Math.max(0, Number(stall.afterBytes) - sent));
      await sleep(Number(stall.seconds) * 1000, undefined, { signal: gone });
      cut();
      return;
    }
    sent += bytes.length;
    yield bytes;
    if (slow) {
      await sleep((bytes.length / Number(slow.bytesPerSecond)) * 1000, undefined, { signal: gone });
    }
  }
}
