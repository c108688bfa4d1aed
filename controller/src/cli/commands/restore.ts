import { Argument, type Command } from 'commander';
import { strategyNames } from '../../contract/request.ts';
import { HavenError } from '../../errors.ts';
import { listBackups } from '../../runs/look.ts';
import { type RestoreResult, runRestore } from '../../runs/restore.ts';
import { readAsOf } from '../../runs/restore-choose.ts';
import { type IntoFolder, readFolder } from '../../runs/restore-into-folder.ts';
import { type Context, withApp } from '../context.ts';
import { runExits, summaryData } from '../run-answer.ts';
import { strategyMeant } from '../strategy-argument.ts';
import { ago, bytes, duration } from '../words.ts';
import { listText } from './list.ts';

interface Options {
  to?: string;
  into?: string;
  path?: string;
  really?: string;
  asOf?: string;
}

export function restoreCommand(program: Command, context: Context): void {
  program
    .command('restore')
    .description('bring a backup back as every drill does, into a new dataset or a folder, and prove it')
    .addArgument(new Argument('<strategy>', 'whose backup').choices(strategyNames))
    .argument('[source]', 'the id of what was backed up; without it, what there is is listed')
    .argument('[backup]', 'which backup of it (an id or its beginning); without it the newest')
    .option('--to <pool/new-dataset>', 'the dataset to restore into, which must not exist yet')
    .option('--into <folder>', 'the folder to restore files into: a new one or an empty one')
    .option('--path <path>', 'with --into: only this file or folder of the backup')
    .option('--really <folder>', 'with --into: the same folder again, to write into one that is not empty')
    .option(
      '--as-of <date>',
      'the newest backup that was made by then, such as 2026-11-23 (its end) or 2026-11-23T20:00, in the time zone of haven.yaml',
    )
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const strategy = strategyMeant(app, command);
        const [, source, backup] = command.processedArgs as [string, string?, string?];
        const { asOf, ...options } = command.opts<Options>();
        const where = readPlace(options);
        if (source === undefined || where === undefined) {
          const listing = await listBackups(app, strategy);
          const missing =
            source === undefined
              ? 'which of these (DATASET)'
              : 'where to (--to POOL/NEW-DATASET, or --into FOLDER)';
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
          const hint = 'name the backup, or give the date';
          throw new HavenError({ code: 'bad-request', operation: 'read the command line', message, hint });
        }
        const which = {
          ...(backup === undefined ? {} : { backup }),
          ...(asOf === undefined ? {} : { asOf: readAsOf(asOf, app.config.timezone) }),
        };
        const summary = await runRestore(app, strategy, { source, ...where, ...which });
        const result = summary.result as RestoreResult | null;
        const text = result === null ? '' : restoredText(result, app.now());
        return { data: summaryData(summary), text, exit: summary.exit };
      }),
    );
}

/** Given the options, return where to restore, or undefined when that was not said. */
function readPlace({
  to,
  into,
  path,
  really,
}: Omit<Options, 'asOf'>): { to: string } | IntoFolder | undefined {
  const refuse = (message: string): never => {
    const hint = '`haven restore --help` has examples';
    throw new HavenError({ code: 'bad-request', operation: 'read the command line', message, hint });
  };
  if (into !== undefined && to !== undefined)
    refuse('a dataset was named, and a folder as well: which is meant?');
  if (into !== undefined) return readFolder(into, path ?? '', really);
  if (path !== undefined || really !== undefined)
    refuse('--path and --really are for files: say --into FOLDER');
  return to === undefined ? undefined : { to };
}

function restoredText(result: RestoreResult, now: Date): string {
  const { source, backup, createdAt, to, copied, type, checks, words, sound, seconds } = result;
  const use =
    copied !== null
      ? `Copied from there, and compared again: ${copied.entries} entries, ${copied.files} files, ${bytes(copied.bytes ?? 0)}.`
      : type === 'volume'
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
  haven restore b home --path Documents/letter.txt --into /root/letters

A dataset must be a new one. It is not mounted by itself, and what a restore that fails or is stopped had made is taken away again. For a folder the whole backup is fetched into a throwaway pool in the scratch folder first, as for a drill; nothing in the folder is ever removed.
Haven itself is not needed for any of this: the recovery kit's RECOVERY.md does the same with nothing but Debian.

${runExits}`;
