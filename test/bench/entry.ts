// Strategy B as main.ts wires it, in places of the bench: true deadlines and chunks; by wish a store that keeps nothing.
// Usage: node entry.ts RUN.json VERB
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runVerb } from '../../images/strategy-b/src/app.ts';
import { realTiming } from '../../images/strategy-b/src/surroundings.ts';
import { createSurroundings, type TestRun } from '../../images/strategy-b/src/testing/surroundings.ts';

interface BenchRun extends TestRun {
  store: 'null' | 'drive';
  chunkBytes: number;
}

const run = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as BenchRun;
const surroundings = createSurroundings(
  run,
  new AbortController().signal,
  (line) => void process.stdout.write(line),
  2,
);
surroundings.timing = realTiming;
surroundings.chunkBytes = run.chunkBytes;
if (run.store === 'null') {
  const { createNullStore } = await import('./null-store.ts');
  const store = createNullStore(surroundings.paths.state);
  surroundings.createStore = () => store;
}
const status = await runVerb(process.argv.slice(3), surroundings);
// Of this process alone, as the kernel counts it.
const { maxRSS } = process.resourceUsage();
writeFileSync(join(run.folder, 'peak.json'), JSON.stringify({ mebibytes: maxRSS / 1024 }));
process.stdout.write('', () => process.exit(status));
