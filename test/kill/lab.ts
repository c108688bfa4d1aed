// `test/kill/lab-run`: a row a backup, as it goes.
import { parseArgs } from 'node:util';
import { killInTheLab } from './lab-rounds.ts';
import { lab } from './lab-step.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    'power-cuts': { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    from: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '600' },
  },
});
const seed = Number(values.seed);
console.log(`seed ${seed}: the same seed draws the same rounds`);
const table = await killInTheLab(
  {
    seed,
    by: values['power-cuts'] === undefined ? 'kill' : 'power-cut',
    kills: Number(values['power-cuts'] ?? values.kills ?? 3),
    from: Number(values.from),
    until: Date.now() + Number(values.minutes) * 60_000,
    onRound: ({ round, kills, backup, madeTwice, drilled, seconds }) => {
      const fell = kills.map(({ after, percent }) => `after ${after} (at ${percent} % of a run)`).join(', ');
      console.log(
        [
          `round ${round}`,
          `${kills.length} kills`,
          `${backup.kind} of ${backup.parts} parts`,
          `${madeTwice} made twice`,
          `drill of ${drilled.streams}: ${drilled.entries} entries, ${drilled.mismatches} mismatches`,
          `${Math.round(seconds)} s`,
          `← ${fell}`,
        ].join('  '),
      );
    },
  },
  lab,
);
const kills = table.flatMap((row) => row.kills);
const most = Math.max(...table.map(({ madeTwice }) => madeTwice));
console.log(
  `\n${kills.length} kills in ${table.length} backups, each backup drilled whole, all well; ${most} parts made twice at most. Go on with --seed ${seed} --from ${(table.at(-1)?.round ?? 0) + 1}`,
);
