import type { Command } from 'commander';
import type { Tried } from '../../notify/notifier.ts';
import { type Answer, type Context, withApp } from '../context.ts';
import { columns } from '../words.ts';

export function notifyCommand(program: Command, context: Context): void {
  program
    .command('notify')
    .description('who is told when something fails')
    .command('test')
    .description('send a test to every target of `notify` in haven.yaml')
    .addHelpText('after', help)
    .action(withApp(context, async (app) => answerOf(await app.notifier.test())));
}

function answerOf(tried: Tried[]): Answer {
  if (tried.length === 0) {
    const text = 'Nobody is told: haven.yaml has no notify.targets. haven.example.yaml shows some.';
    return { data: { targets: [] }, text, exit: 3 };
  }
  const rows = tried.map(({ target, ok, reason }) => [target, ok ? 'told' : 'NOT TOLD', reason ?? '']);
  return {
    data: { targets: tried },
    text: columns([['TARGET', '', ''], ...rows]),
    exit: tried.every(({ ok }) => ok) ? 0 : 11,
  };
}

const help = `
To healthchecks.io and the like this is a ping of a start, to Uptime Kuma a push of "up", to all others a message.

Examples:
  haven notify test
  haven notify test --json

EXIT STATUS
  0   every target took it
  3   the configuration is wrong, or names no target
  11  a target did not take it: its line says why`;
