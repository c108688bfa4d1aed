// Everything that an end-to-end test does goes through here: commands on the machine that has real ZFS and real Docker.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const root = fileURLToPath(new URL('../..', import.meta.url));

export const home = '/var/lib/haven-demo/home';

export interface Done {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Given a command, run it as root in the project's folder on the ground; what it ended with is for the caller to judge. */
export async function attempt(argv: string[], input = ''): Promise<Done> {
  const { exitCode, stdout, stderr } = await execa('test/lab/on-ground', ['--no-sync', ...argv], {
    cwd: root,
    input,
    reject: false,
  });
  assert.ok(exitCode !== undefined, `${argv.join(' ')} was killed: ${stderr}`);
  return { exitCode, stdout, stderr };
}

/** The same for a command that must succeed; returns its output. */
export async function run(argv: string[], input = ''): Promise<string> {
  const done = await attempt(argv, input);
  assert.equal(done.exitCode, 0, `${argv.join(' ')}\n${done.stdout}\n${done.stderr}`);
  return done.stdout;
}

export const shell = (script: string, ...args: string[]) => run(['bash', '-euc', script, 'bash', ...args]);

export const haven = (...args: string[]) => attempt(['test/demo/haven', ...args]);

/** Given a `haven … --json` command that must succeed, return its document. */
export async function havenJson<T>(...args: string[]): Promise<T> {
  return JSON.parse(await run(['test/demo/haven', '--json', ...args])) as T;
}

/** Asks the emulated Drive's admin surface, from inside its container's network. */
export async function drive<T>(method: string, path: string, body?: unknown): Promise<T> {
  const args = [
    'docker',
    'run',
    '--rm',
    '--network',
    'haven-demo_stores',
    'haven/stranger',
    'curl',
    '-fsS',
    '-X',
    method,
  ];
  if (body !== undefined) args.push('-H', 'content-type: application/json', '-d', JSON.stringify(body));
  const text = await run([...args, `http://drive:8080/_emulator/${path}`]);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Sends this clone's tree to the ground, once, so that no later command has to. */
export async function bringTree(): Promise<void> {
  await execa('test/lab/on-ground', ['true'], { cwd: root, stdio: 'inherit' });
}
