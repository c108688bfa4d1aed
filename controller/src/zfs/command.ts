// The only place that starts `zfs` and `zpool`: argv arrays, C locale, errors without names (they may reach a log).
import { HavenError } from '../errors.ts';

export type Command = (args: string[]) => Promise<string>;

export interface Reason {
  pattern: RegExp;
  words: string;
}

const reasons: Reason[] = [
  { pattern: /does not exist|no such pool/, words: 'it does not exist' },
  { pattern: /permission denied/i, words: 'permission denied' },
  { pattern: /is busy/, words: 'it is busy: mounted or held' },
  { pattern: /already exists/, words: 'it exists already' },
  { pattern: /out of space|quota exceeded/, words: 'the pool has no space left' },
  {
    pattern: /modules? (are|is) not|\/dev\/zfs|not be initialized/i,
    words: 'the ZFS module is not loaded, or /dev/zfs is missing',
  },
];

/** Given a program's name or path, return a Command; it throws source-unreadable with what stderr means, never its words. */
export function zfsCommand(program: string): Command {
  return async (args) => {
    // Not before it is needed: it would double the time that `haven status` takes.
    const { execa } = await import('execa');
    const run = await execa(program, args, {
      env: { LC_ALL: 'C' },
      reject: false,
      stdin: 'ignore',
      timeout: 300_000,
    });
    if (run.exitCode === 0) return run.stdout;
    const operation = `${program.split('/').at(-1)} ${args[0] ?? ''}`.trim();
    if (run.exitCode === undefined) {
      const message = run.timedOut
        ? 'no answer within 5 minutes'
        : `cannot be run (${run.code ?? run.signal ?? 'no exit status'})`;
      throw new HavenError(
        { code: 'failed', operation, message, hint: 'is zfsutils-linux installed?' },
        { cause: run },
      );
    }
    const known = reasons.find(({ pattern }) => pattern.test(run.stderr));
    const message = known?.words ?? `exit ${run.exitCode}`;
    throw new HavenError({ code: 'source-unreadable', operation, message });
  };
}
