/**
 * What a handler gives back, before anything is on the wire. Keeping answers as values lets a fault replace, spoil or
 * swallow one without the handler knowing.
 */
export interface Answer {
  status: number;
  /** Reason phrase, where Google's differs from Node's. */
  reason?: string;
  headers: Record<string, string>;
  body?: string | AsyncIterable<Uint8Array>;
}

export const JSON_TYPE = 'application/json; charset=UTF-8';

export function jsonAnswer(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  const body = JSON.stringify(value, null, 2);
  return {
    status,
    headers: { 'Content-Type': JSON_TYPE, 'Content-Length': String(Buffer.byteLength(body)), ...headers },
    body,
  };
}

export function textAnswer(text: string, status = 200, type = 'text/plain; charset=utf-8'): Answer {
  return {
    status,
    headers: { 'Content-Type': type, 'Content-Length': String(Buffer.byteLength(text)) },
    body: text,
  };
}

export function emptyAnswer(status: number, headers: Record<string, string> = {}): Answer {
  return { status, headers: status === 204 ? headers : { 'Content-Length': '0', ...headers } };
}
