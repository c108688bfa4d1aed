import { Argument, type Command } from 'commander';
import { strategyNames } from '../../contract/request.ts';
import { HavenError } from '../../errors.ts';
import { listBackups } from '../../runs/look.ts';
import { type RestoreResult, runRestore } from '../../runs/restore.ts';
import { readAsOf } from '../../runs/restore-choose.ts';
import { type Context, withApp } from '../context.ts';
import { runExits, summaryData } from '../run-answer.ts';
import { strategyMeant } from '../strategy-argument.ts';
import { ago, duration } from '../words.ts';
import { listText } from './list.ts';

interface Options {
  to?: string;
  asOf?: string;
}

export function restoreCommand(program: Command, context: Context): void {
  program
    .command('restore')
    .description('bring a backup back as every drill does, into a new dataset, and prove it')
    .addArgument(new Argument('<strategy>', 'whose backup').choices(strategyNames))
    .argument('[source]', 'the id of what was backed up; without it, what there is is listed')
    .argument('[backup]', 'which backup of it (an id or its beginning); without it the newest')
    .option('--to <pool/new-dataset>', 'the dataset to restore into, which must not exist yet')
    .option(
      '--as-of <date>',
      'the newest backup that was made by then, such as 2026-11-23 or 2026-11-23T20:00',
    )
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const strategy = strategyMeant(app, command);
        const [, source, backup] = command.processedArgs as [string, string?, string?];
        const { to, asOf } = command.opts<Options>();
        if (source === undefined || to === undefined) {
          const listing = await listBackups(app, strategy);
          const missing =
            source === undefined ? 'which of these (DATASET)' : 'where to (--to POOL/NEW-DATASET)';
          const error = {
            code: 'bad-request',
            operation: 'read the command line',
            message: `say ${missing} to restore`,
            hint: `haven restore ${strategy.name} ${source ?? 'DATASET'} [BACKUP] --to POOL/NEW-DATASET`,
          } as const;
          return { data: { error, ...listing }, text: listText(app, listing), exit: 3 };
        }
        if (backup !== undefined && asOf !== undefined) {
          const message = 'a backup was named, and a date as well: which is meant?';
          throw new HavenError({ code: 'bad-request', operation: 'read the command line', message });
        }
        const which = {
          ...(backup === undefined ? {} : { backup }),
          ...(asOf === undefined ? {} : { asOf: readAsOf(asOf) }),
        };
        const summary = await runRestore(app, strategy, { source, to, ...which });
        const result = summary.result as RestoreResult | null;
        const text = result === null ? '' : restoredText(result, app.now());
        return { data: summaryData(summary), text, exit: summary.exit };
      }),
    );
}

function restoredText(result: RestoreResult, now: Date): string {
  const { source, backup, createdAt, to, type, checks, words, sound, seconds } = result;
  const use =
    type === 'volume'
      ? `Its device appears when you want it: zfs inherit volmode '${to}'`
      : `It is mounted nowhere yet: zfs mount '${to}'`;
  return [
    `Restored backup ${backup.slice(0, 8)} of ${source}, made ${ago(new Date(createdAt), now)}, into ${to} in ${duration(seconds)}.`,
    ...checks.map(
      ({ name, pass, detail }) => `  ${pass ? 'ok    ' : 'FAILED'}  ${name.padEnd(14)}  ${detail}`,
    ),
    words,
    ...(sound ? [use] : []),
  ].join('\n');
}

const help = `
Examples:
  haven restore b
  haven restore b home --to tank/home-restored
  haven restore b home 0f3a --to tank/home-restored
  haven restore a home --as-of 2026-11-20 --to usb/home-of-friday

Nothing that exists is ever written to: the dataset must be a new one. It is not mounted by itself, and what a restore that fails or is stopped had made is taken away again.
Haven itself is not needed for any of this: the recovery kit's RECOVERY.md does the same with nothing but Debian.

${runExits}`;
