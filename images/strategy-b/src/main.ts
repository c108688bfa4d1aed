// Entry of the image: wires the real surroundings and is the only one to end the process.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { runVerb } from './app.ts';
import { createEvents } from './contract/events.ts';
import { realTiming, type Surroundings } from './surroundings.ts';

const stop = new AbortController();
let lastLine = '';
const surroundings: Surroundings = {
  paths: {
    request: '/haven/request.json',
    secrets: '/run/secrets',
    state: '/haven/state',
    tmp: '/tmp',
    copy: '/haven/copy',
  },
  toolPath: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  clock: { now: Date.now, sleep: (ms, signal) => sleep(ms, undefined, { signal }) },
  random: Math.random,
  randomId: () => randomBytes(16).toString('hex'),
  writeLine: (line) => {
    lastLine = line;
    process.stdout.write(line);
  },
  logFd: 2,
  timing: realTiming,
  chunkBytes: 8 * 1024 * 1024,
  stop: stop.signal,
};

function crash(thrown: unknown): void {
  const kind = thrown instanceof Error ? thrown.name : typeof thrown;
  process.stderr.write(`strategy-b: uncaught ${kind}\n${thrown instanceof Error ? placesOf(thrown) : ''}\n`);
  if (lastLine.includes('"event":"result"')) process.exit(1);
  const error = { code: 'failed' as const, operation: 'run', message: `uncaught ${kind}: a fault of Haven` };
  createEvents(surroundings.writeLine, surroundings.clock).result(process.argv[2] ?? 'none', undefined, {
    outcome: 'failed',
    error,
  });
  process.exit(1);
}

/** The stack without the message: a message may hold a name. */
function placesOf(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}

process.on('SIGTERM', () => stop.abort());
process.on('uncaughtException', crash);
process.stdout.on('error', () => stop.abort()); // nobody reads any more

const status = await runVerb(process.argv.slice(2), surroundings);
process.stdout.write('', () => process.exit(status));
