// The Python beside this file as a question and an answer: one process for hundreds of trees.
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export interface Case {
  entries: object[];
  change: { name: string; at: number } | null;
}

export type Answer =
  | { inapplicable: true }
  | { red: false; entries: number }
  | { red: true; exit: number; kinds: string[]; mismatches: number };

export interface TreeWorker {
  ask(question: Case): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts the worker; `ask` throws when it died, with what it said. */
export function startTreeWorker(): TreeWorker {
  const child = execa('python3', [fileURLToPath(new URL('tree_worker.py', import.meta.url))], {
    env: {
      PYTHONPATH: fileURLToPath(new URL('../../images/drill/src', import.meta.url)),
      PYTHONDONTWRITEBYTECODE: '1',
    },
    reject: false,
    stdin: 'pipe',
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (question) => {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const { done, value } = await lines.next();
      if (done === true) throw new Error(`the worker ended: ${(await child).stderr}`);
      return JSON.parse(value) as Answer;
    },
    stop: async () => {
      child.stdin.end();
      await child;
    },
  };
}
