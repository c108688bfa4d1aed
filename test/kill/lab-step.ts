// The ground, from here: one step of on-zfs.sh a call.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type Left, readLeft } from './lab-left.ts';

const program = (name: string) => fileURLToPath(new URL(`../lab/${name}`, import.meta.url));

export interface Done {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface Lab {
  /** Sends this clone's tree to the ground, once, so that no later step has to. */
  bringTree(): Promise<void>;
  /** Runs a step; what it ended with is for the caller to judge. */
  attempt(args: string[], input?: string): Promise<Done>;
  /** What a run left in its state volume. */
  left(): Promise<Left>;
  /** Runs a step that prints "now", and cuts the power of the lab at that word. False when the step ended without it. */
  cutPowerAtNow(args: string[], input: string): Promise<boolean>;
}

export const lab: Lab = { bringTree, attempt, left: () => readLeft(bytes), cutPowerAtNow };

async function attempt(args: string[], input = ''): Promise<Done> {
  const { exitCode, stdout, stderr } = await raw(args, input);
  assert.ok(exitCode !== undefined, `${args.join(' ')} was killed: ${stderr}`);
  return { exitCode, stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString() };
}

async function bytes(args: string[]): Promise<Uint8Array> {
  const { exitCode, stdout, stderr } = await raw(args, '');
  assert.equal(exitCode, 0, `${args.join(' ')}\n${Buffer.from(stderr)}`);
  return stdout;
}

function raw(args: string[], input: string) {
  return execa(program('on-ground'), ['--no-sync', 'test/kill/on-zfs.sh', ...args], {
    input,
    reject: false,
    encoding: 'buffer',
    stripFinalNewline: false,
  });
}

async function bringTree(): Promise<void> {
  await execa(program('on-ground'), ['true'], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function cutPowerAtNow(args: string[], input: string): Promise<boolean> {
  const running = raw(args, input);
  const now = new Promise<boolean>((resolve) => {
    running.stdout.on('data', (bytes: Buffer) => bytes.includes('now') && resolve(true));
    running.stdout.on('end', () => resolve(false));
  });
  if (!(await now)) return false;
  await execa(program('reset'), { stdio: ['ignore', 'ignore', 'pipe'] });
  running.kill();
  await running;
  return true;
}
