// One request to a notification service: a short deadline, a few tries, and never more of an answer than its status.
import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  timeoutMs: number;
  /** Waits between tries: one more try than there are waits. */
  waitsMs: number[];
}

export const usualPatience: Patience = { timeoutMs: 10_000, waitsMs: [1_000, 4_000] };

export interface Post {
  url: string;
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
}

/** Sends; throws when no try was answered with 2xx. The address is a secret and stands in no error. */
export async function post(
  { url, method = 'POST', headers = {}, body }: Post,
  patience: Patience,
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const failure = await once(new Request(address(url), init(method, headers, body)), patience.timeoutMs);
    if (failure === null) return;
    const wait = patience.waitsMs[attempt];
    if (failure.final || wait === undefined) throw new Error(failure.reason);
    await sleep(wait);
  }
}

/** Given the text of a secret file, return the address in it. */
export function address(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) throw new Error('its address is no http or https URL');
  return url;
}

function init(method: string, headers: Record<string, string>, body: string | undefined): RequestInit {
  return { method, headers, redirect: 'follow', ...(body === undefined ? {} : { body }) };
}

async function once(request: Request, timeoutMs: number): Promise<{ reason: string; final: boolean } | null> {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(timeoutMs) });
    await answer.body?.cancel();
    if (answer.ok) return null;
    const final = answer.status < 500 && answer.status !== 429 && answer.status !== 408;
    return { reason: `it answered ${answer.status}`, final };
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    const reason =
      name === 'TimeoutError'
        ? `no answer within ${timeoutMs / 1000} s`
        : `not reached (${cause?.code ?? name})`;
    return { reason, final: false };
  }
}
