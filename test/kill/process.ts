// `test/kill/run`: a line a round, and what the kills fell on.
import { parseArgs } from 'node:util';
import { killProcesses } from './process-rounds.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
console.log(`seed ${values.seed}: the same seed draws the same kills`);
const fell = new Map<string, number>();
let killed = 0;
await killProcesses({
  kills: Number(values.kills),
  seed: Number(values.seed),
  onRound: ({ round, kills, committed, madeTwice, seconds }) => {
    killed += kills.length;
    for (const kill of kills) fell.set(kill, (fell.get(kill) ?? 0) + 1);
    const row = [
      `round ${round}`,
      `${madeTwice} made twice`,
      `${seconds.toFixed(1)} s`,
      committed.join(' + '),
    ];
    console.log(`${row.join('  ')}  ← ${kills.map((kill) => `before "${kill}"`).join(', ')}`);
  },
});
console.log(`\n${killed} kills, all well. Each fell before:`);
for (const [step, count] of [...fell].toSorted(([, a], [, b]) => b - a))
  console.log(`${String(count).padStart(5)}  ${step}`);
