// The command line as a caller sees it, in this process: for tests of what is printed.
import pino from 'pino';
import type { Context } from '../src/cli/context.ts';
import { runCommandLine } from '../src/cli/program.ts';

export interface Said {
  exit: number;
  stdout: string;
  stderr: string;
}

export const quietSurroundings: Context['surroundings'] = {
  log: pino({ level: 'silent' }),
  now: () => new Date('2026-11-23T20:00:00Z'),
  randomHex: (count) => 'a'.repeat(count * 2),
  signal: AbortSignal.abort(),
  onEvent: () => {},
};

export async function said(
  argv: string[],
  surroundings = quietSurroundings,
  env: NodeJS.ProcessEnv = {},
): Promise<Said> {
  const out = { stdout: '', stderr: '' };
  const exit = await runCommandLine({
    argv,
    stdout: (text) => {
      out.stdout += text;
    },
    stderr: (text) => {
      out.stderr += text;
    },
    context: { env, isTerminal: false, surroundings },
  });
  return { exit, ...out };
}
