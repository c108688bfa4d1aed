// What a whole process cost, with all that it started. bash's `time` tells it alike of a shell's pipeline and of a program.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface ProcessFigures {
  seconds: number;
  /** Of the process and its children, user and system. */
  cpuSeconds: number;
  stdout: string;
}

/** Given a command, run it and return what it cost; throws with the end of its stderr when it fails. */
export async function figuresOf(
  command: string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<ProcessFigures> {
  const script = 'set -o pipefail; TIMEFORMAT="%R %U %S"; time "$@"';
  const child = spawn('bash', ['-c', script, 'bench', ...command], {
    env: { ...env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  if (status !== 0)
    throw new Error(`${command[0]} ended with ${status}: ${stderr.slice(-2000)}${stdout.slice(-1000)}`);
  return { ...parseTimes(stderr), stdout };
}

/** Given stderr, return the times in its last line. */
export function parseTimes(stderr: string): Pick<ProcessFigures, 'seconds' | 'cpuSeconds'> {
  const found = /([\d.]+) ([\d.]+) ([\d.]+)\s*$/.exec(stderr);
  if (found === null) throw new Error('bash told no times');
  const [seconds, user, system] = found.slice(1).map(Number) as [number, number, number];
  return { seconds, cpuSeconds: user + system };
}
