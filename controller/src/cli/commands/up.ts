import type { Command } from 'commander';
import { keepUp } from '../../schedule/daemon.ts';
import { type Context, homeOf } from '../context.ts';

export function upCommand(program: Command, context: Context): void {
  program
    .command('up')
    .description('run what is due, again and again, until stopped')
    .addHelpText('after', help)
    .action(async function up(this: Command) {
      const { surroundings } = context;
      await keepUp({ ...surroundings, home: homeOf(context, this) });
      context.answer({ data: { stopped: true }, text: '', exit: 0 });
    });
}

const help = `
Without a configuration it says which file to write, and waits for it. Changes of the configuration count from the next start on.

Examples:
  haven up

EXIT STATUS
  0  stopped by SIGTERM or SIGINT, all runs ended
  1  failed`;
