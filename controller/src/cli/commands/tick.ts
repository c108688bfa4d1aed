import type { Command } from 'commander';
import { exitCodes } from '../../errors.ts';
import { tick } from '../../schedule/tick.ts';
import { type Context, withApp } from '../context.ts';
import { summaryData } from '../run-answer.ts';

export function tickCommand(program: Command, context: Context): void {
  program
    .command('tick')
    .description('run what is due now and end: for cron or a systemd timer, instead of `haven up`')
    .addHelpText('after', help)
    .action(
      withApp(context, async (app) => {
        const { runs, refused } = await tick(app);
        const lines = [
          ...runs.map(({ run, outcome }) => `${run}: ${outcome}`),
          ...refused.map(({ message }) => `did not start: ${message}`),
        ];
        return {
          data: { error: refused[0] ?? null, runs: runs.map(summaryData) },
          text: lines.length === 0 ? 'Nothing is due.' : lines.join('\n'),
          exit:
            runs.find(({ exit }) => exit !== 0)?.exit ??
            (refused[0] === undefined ? 0 : exitCodes[refused[0].code]),
        };
      }),
    );
}

const help = `
Call it every few minutes: it ends at once while nothing is due, and a run that an earlier call started is left alone. Not beside \`haven up\`.

Examples:
  haven tick
  */5 * * * *  root  haven tick        in /etc/cron.d/haven

EXIT STATUS
  0    nothing was due, or all went well
  else that of the first run that did not: see \`haven backup --help\` and \`haven drill --help\``;
