/** Reading request bodies: bounded for what is parsed, discarded where only the connection must stay usable. */
import type { IncomingMessage } from 'node:http';
import { apiRefusal } from './refusal.ts';

/** The body as it comes. Whoever stops reading early leaves the connection whole, so that the refusal can still be sent. */
export function bodyOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  return request.iterator({ destroyOnReturn: false }) as AsyncGenerator<Buffer>;
}

const METADATA_LIMIT = 1024 * 1024;

export async function readBody(request: IncomingMessage, limit = METADATA_LIMIT): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of bodyOf(request)) {
    bytes += piece.length;
    if (bytes > limit) {
      throw apiRefusal(413, { reason: 'uploadTooLarge', message: 'The request body is too large.' });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

export function parseJsonObject(text: string): Record<string, unknown> {
  if (text.trim() === '') {
    return {};
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Same refusal as for JSON that is no object.
  }
  throw apiRefusal(400, { reason: 'parseError', message: 'Parse Error' });
}

/** A body nobody read would make the next request on a kept-alive connection unreadable. */
export async function drain(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) {
    return;
  }
  await new Promise<void>((resolve) => {
    request
      .once('end', resolve)
      .once('close', resolve)
      .once('error', () => resolve());
    request.resume();
  });
}
