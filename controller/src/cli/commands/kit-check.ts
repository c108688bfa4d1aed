import type { Command } from 'commander';
import { checkExportedKit } from '../../kit/check-kit.ts';
import { oldPassphrase } from '../../kit/kit-passphrase.ts';
import { checkLine } from '../check-line.ts';
import { type Context, withApp } from '../context.ts';
import { kitAsking } from '../kit-asking.ts';

interface Options {
  passphraseFile?: string;
  offline?: boolean;
}

export function kitCheckCommand(kit: Command, context: Context): void {
  kit
    .command('check')
    .description(
      'is an exported kit complete, of the secrets that are used now, and does it alone open the stores?',
    )
    .argument('<path>', 'what `haven kit export` wrote')
    .option('--passphrase-file <file>', 'of an encrypted one: take its first line instead of asking')
    .option('--offline', 'look at its files only')
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const { passphraseFile, offline = false } = command.opts<Options>();
        const [named = ''] = command.args;
        const path = `${context.env.HAVEN_HOST_FILES ?? ''}${named}`;
        const passphrase = () => oldPassphrase(kitAsking(context, app, passphraseFile));
        const { checks, exit } = await checkExportedKit(app, { named, path, passphrase }, { offline });
        const good = exit === 0;
        const last = good ? 'This kit will do.' : 'THIS KIT WILL NOT DO.';
        return {
          data: { path: named, good, checks },
          text: [...checks.map(checkLine), last].join('\n'),
          exit,
        };
      }),
    );
}

const help = `
It asks the stores from the drill's containers, which get a copy of this kit and nothing else, and lists the backups there.

Examples:
  haven kit check /media/usb-stick/kit
  haven kit check /media/usb-stick/kit.tar.gpg

EXIT STATUS
  0    it will do
  1    failed
  3    there is no kit, or the command or the configuration is wrong
  11   a store could not be reached
  22   a store refuses its credentials
  30   it is incomplete, or of other secrets than those that are used now, or its passphrase does not open it, or it
       opens a store but not the manifests there
  143  interrupted`;
