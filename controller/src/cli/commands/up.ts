import { isIP } from 'node:net';
import { type Command, InvalidArgumentError } from 'commander';
import { keepUp } from '../../schedule/daemon.ts';
import { type Context, homeOf } from '../context.ts';

export function upCommand(program: Command, context: Context): void {
  program
    .command('up')
    .description('run what is due, again and again, until stopped')
    .option('--listen <address>', 'where monitors are answered, instead of monitor.address', address)
    .addHelpText('after', help)
    .action(async function up(this: Command) {
      const { surroundings } = context;
      const { listen } = this.opts<{ listen?: string }>();
      await keepUp({ ...surroundings, home: homeOf(context, this) }, undefined, listen);
      context.answer({ data: { stopped: true }, text: '', exit: 0 });
    });
}

function address(given: string): string {
  if (isIP(given) === 0) throw new InvalidArgumentError('not an IP address');
  return given;
}

const help = `
Without a configuration it says which file to write, and waits for it. Changes of the configuration count from the next start on.

Examples:
  haven up
  haven up --listen 0.0.0.0     inside of a container, whose port is published on the host's loopback alone

EXIT STATUS
  0  stopped by SIGTERM or SIGINT, all runs ended
  1  failed`;
