/**
 * The journal of requests (requests.jsonl): for counting calls, and for searching everything that clients said: URLs, headers
 * and JSON bodies are all in it. Bearer tokens are left out.
 */
import { appendFileSync, createReadStream, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface RequestEntry {
  at: string;
  method: string;
  url: string;
  /** The narrowest class of the request, as faults know it. */
  class: string;
  classes: string[];
  status: number | 'cut';
  bodyBytes: number;
  faults: string[];
  headers: Record<string, string | string[] | undefined>;
  metadata?: unknown;
}

export interface RequestLog {
  add(entry: RequestEntry): void;
  entries(): AsyncIterable<RequestEntry>;
  clear(): void;
}

export function openRequestLog(dir: string): RequestLog {
  const path = join(dir, 'requests.jsonl');
  return {
    add: (entry) => appendFileSync(path, `${JSON.stringify(entry)}\n`, { mode: 0o600 }),
    async *entries() {
      if (!existsSync(path)) {
        return;
      }
      for await (const line of createInterface({ input: createReadStream(path) })) {
        yield JSON.parse(line) as RequestEntry;
      }
    },
    clear: () => rmSync(path, { force: true }),
  };
}
