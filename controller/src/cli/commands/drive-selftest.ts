import type { Command } from 'commander';
import { selftestStore } from '../../runs/look.ts';
import { strategyB } from '../../strategies/b.ts';
import { type Context, withApp } from '../context.ts';
import { runExits } from '../run-answer.ts';
import { columns } from '../words.ts';

export function driveSelftestCommand(program: Command, context: Context): void {
  program
    .command('drive-selftest')
    .description(
      'see, by a few small files that are removed again, what Google Drive does where its documents are silent',
    )
    .addHelpText('after', help)
    .action(
      withApp(context, async (app) => {
        const { selftest, ended } = await selftestStore(app, strategyB);
        const rows = selftest.observations.map(({ question, saw, settled, same, emulator }) => {
          const compared = same === true ? 'as the emulator' : `the emulator says: ${emulator ?? '?'}`;
          return [question, saw, settled ? compared : ''];
        });
        const differ = selftest.observations.filter(({ settled, same }) => settled && same !== true).length;
        const text = [
          columns([['WHAT', 'SEEN', 'TESTS STAND ON'], ...rows]),
          differ === 0
            ? 'Nothing differs from the emulator that Haven is tested on.'
            : `${differ} answers differ from the emulator that Haven is tested on: please report them.`,
        ].join('\n');
        return { data: { ...selftest, error: ended.error }, text, exit: ended.exitCode };
      }),
    );
}

const help = `
Uploads less than 2 MiB, named haven-selftest-…; touches no other file. It shows neither tokens nor upload addresses.

Examples:
  haven drive-selftest
  haven drive-selftest --json    with the headers of each answer

${runExits}`;
