// Stands in for main.ts where its fixed places do not exist: the same wiring of signals and exit status, with a test's surroundings.
// Usage: node entry.ts RUN.json VERB…
import { readFileSync } from 'node:fs';
import { runVerb } from '../../images/strategy-b/src/app.ts';
import { createSurroundings, type TestRun } from '../../images/strategy-b/src/testing/surroundings.ts';

const run = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as TestRun;
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
const surroundings = createSurroundings(run, stop.signal, (line) => void process.stdout.write(line), 2);
const status = await runVerb(process.argv.slice(3), surroundings);
process.stdout.write('', () => process.exit(status));
