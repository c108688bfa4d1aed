import type { Command } from 'commander';
import { readStatus, statusText } from '../../history/status.ts';
import { type Context, withApp } from '../context.ts';

export function statusCommand(program: Command, context: Context): void {
  program
    .command('status')
    .description('how safe the data is: one sentence, then last and next runs')
    .addHelpText('after', help)
    .action(
      withApp(context, (app) => {
        const status = readStatus(app);
        return { data: { ...status }, text: statusText(status, app.now()), exit: 0 };
      }),
    );
}

const help = `
Examples:
  haven status
  haven status --json

EXIT STATUS
  0  printed, whatever it says
  3  the command or the configuration is wrong`;
