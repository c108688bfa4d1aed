import type { Command } from 'commander';
import { askClock } from '../../doctor/clock-check.ts';
import { examine } from '../../doctor/examine.ts';
import { checkSignIn } from '../../doctor/sign-in-check.ts';
import { checkSwift } from '../../doctor/store-check.ts';
import { checkLine, lastLine } from '../check-line.ts';
import { type Context, withApp } from '../context.ts';

export function doctorCommand(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('check everything that a backup and a drill need; each failed check names its remedy')
    .option(
      '--fix',
      'also do what can be done safely: zfs allow, owner and mode of the secrets, holds that no run needs',
    )
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const { fix } = command.opts<{ fix?: boolean }>();
        const stores = { a: checkSwift, b: checkSignIn };
        const checks = await examine(app, { fix: fix === true, stores, clock: askClock });
        const isWell = checks.every(({ state }) => state !== 'failed');
        const text = [...checks.map(checkLine), lastLine(checks)].join('\n');
        return { data: { ok: isWell, checks }, text, exit: isWell ? 0 : 1 };
      }),
    );
}

const help = `
Examples:
  haven doctor
  haven doctor --fix
  haven doctor --json

EXIT STATUS
  0  no check failed (warnings do not count)
  1  a check failed
  3  the command or the configuration is wrong`;
