import { existsSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { exitCodes, HavenError } from '../../errors.ts';
import { checkKitFiles } from '../../kit/check-files.ts';
import { checkLine } from '../check-line.ts';
import { type Context, withApp } from '../context.ts';

export function kitCheckCommand(kit: Command, context: Context): void {
  kit
    .command('check')
    .description('is an exported kit complete, and of the secrets that are used now?')
    .argument('<path>', 'what `haven kit export` wrote')
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const [named = ''] = command.args;
        const path = `${context.env.HAVEN_HOST_FILES ?? ''}${named}`;
        if (!existsSync(path) || !statSync(path).isDirectory()) {
          const message = existsSync(path) ? `${named} is no folder` : `there is no ${named}`;
          const hint = 'name what `haven kit export` wrote';
          throw new HavenError({ code: 'bad-request', operation: 'check the kit', message, hint });
        }
        const checks = await checkKitFiles(app, path, named);
        const good = checks.every(({ state }) => state !== 'failed');
        const last = good ? 'This kit will do.' : 'THIS KIT WILL NOT DO.';
        return {
          data: { path: named, good, checks },
          text: [...checks.map(checkLine), last].join('\n'),
          exit: good ? 0 : exitCodes.damaged,
        };
      }),
    );
}

const help = `
Examples:
  haven kit check /media/usb-stick/kit

EXIT STATUS
  0   it will do
  1   failed
  3   there is no kit, or the command or the configuration is wrong
  30  it is incomplete, or of other secrets than those that are used now`;
