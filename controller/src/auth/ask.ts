// Questions to a person at a terminal. What is typed at a hidden one is not shown.
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { stopped } from './http.ts';

export interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  /** To the person, not to stdout: that may be read by a program. */
  write(text: string): void;
}

/** Given a question, return the line that is typed; throws interrupted on Ctrl-C, Ctrl-D or when told to stop. */
export function ask(
  { input, write }: Terminal,
  question: string,
  { hidden, signal }: { hidden: boolean; signal: AbortSignal },
): Promise<string> {
  return new Promise((resolve, reject) => {
    let muted = false;
    const output = new Writable({
      write(chunk: Buffer, _encoding, done) {
        if (!muted) write(chunk.toString());
        done();
      },
    });
    const lines: Interface = createInterface({ input, output, terminal: input.isTTY === true });
    const stop = (): void => lines.close();
    signal.addEventListener('abort', stop, { once: true });
    let typed: string | undefined;
    lines.once('close', () => {
      signal.removeEventListener('abort', stop);
      if (hidden) write('\n');
      if (typed === undefined) reject(stopped());
      else resolve(typed.trim());
    });
    lines.once('SIGINT', stop);
    lines.question(question, (line) => {
      typed = line;
      lines.close();
    });
    muted = hidden;
    if (signal.aborted) stop();
  });
}

/** The lines of an input as they come; Ctrl-C stays the process's own. */
export async function* linesOf({ input }: Terminal, signal: AbortSignal): AsyncGenerator<string> {
  const lines = createInterface({ input, terminal: false });
  const stop = (): void => lines.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    yield* lines;
  } finally {
    signal.removeEventListener('abort', stop);
    lines.close();
    input.pause();
  }
}
