#!/usr/bin/env node
// Wires the real world, and is the only place that ends the process.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { runCommandLine } from './cli/program.ts';
import { eventLogger, progressBar } from './cli/progress.ts';
import { stderrLog } from './log.ts';

const argv = process.argv.slice(2);
const isTerminal = process.stderr.isTTY === true && !argv.includes('--json');
const log = stderrLog(process.env.HAVEN_LOG ?? (isTerminal && argv[0] !== 'up' ? 'error' : 'info'));
const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (!stopping.signal.aborted && isTerminal)
      process.stderr.write('\nstopping: up to 30 s, then what was done so far is kept\n');
    stopping.abort();
  });
}

const exit = await runCommandLine({
  argv,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  context: {
    env: process.env,
    isTerminal,
    surroundings: {
      log,
      now: () => new Date(),
      randomHex: (bytes) => randomBytes(bytes).toString('hex'),
      signal: stopping.signal,
      onEvent: isTerminal ? progressBar(process.stderr) : eventLogger(log, () => Date.now()),
    },
  },
});
if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
process.exit(exit);
