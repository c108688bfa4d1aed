// `make bench`: each scenario's figures as a table, or with --json as lines. Exit status 1 when one is not as good as it shall be.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startDrive } from '../strategy-b/drive.ts';
import { type Figure, isGood, table } from './figure.ts';
import { scenarios } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(scenarios).join(',') },
    mib: { type: 'string', default: '2048' },
    'long-mib': { type: 'string', default: '8192' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const chosen = values.only.split(',').filter(Boolean);
const unknown = chosen.filter((name) => !(name in scenarios));
const sizes = [values.mib, values['long-mib'], values.rounds].map(Number);
if (unknown.length > 0 || !sizes.every((size) => Number.isInteger(size) && size > 0)) {
  console.error(
    `bench: --only takes ${Object.keys(scenarios).join(', ')}; sizes and rounds are whole numbers`,
  );
  process.exit(2);
}
const [mebibytes, longMebibytes, rounds] = sizes as [number, number, number];
const cache = join(process.env.HAVEN_CACHE ?? '/var/cache/haven', 'bench');
mkdirSync(cache, { recursive: true });
const work = mkdtempSync(join(cache, 'work-'));
const drive = await startDrive();
const figures: Figure[] = [];
try {
  await drive.admin('POST settings', { storageLimitBytes: null });
  const place = {
    work,
    cache,
    drive,
    mebibytes,
    shortMebibytes: 256,
    longMebibytes,
    rounds,
    tell: (line: string) => console.error(line),
  };
  for (const name of chosen) figures.push(...(await scenarios[name]!(place)));
} finally {
  await drive.dispose();
  rmSync(work, { recursive: true, force: true });
}
console.log(values.json ? figures.map((figure) => JSON.stringify(figure)).join('\n') : table(figures));
process.exitCode = figures.some((figure) => isGood(figure) === false) ? 1 : 0;
