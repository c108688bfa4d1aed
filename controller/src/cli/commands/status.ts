import type { Command } from 'commander';
import { kitNag, lookAtExport } from '../../kit/exported.ts';
import { readStatus } from '../../status/status.ts';
import { statusText } from '../../status/text.ts';
import { type Context, withApp } from '../context.ts';

export function statusCommand(program: Command, context: Context): void {
  program
    .command('status')
    .description('how safe the data is: one sentence, then last and next runs')
    .option('--quiet', 'print nothing: the exit status says it')
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const status = readStatus(app);
        const kit = await lookAtExport(app);
        const nag = kitNag(kit, app.now());
        const { quiet = false } = command.opts<{ quiet?: boolean }>();
        return {
          data: { ...status, kit },
          text: quiet ? '' : [statusText(status, app.now()), ...(nag === null ? [] : ['', nag])].join('\n'),
          exit: status.exit,
        };
      }),
    );
}

const help = `
Fresh: the newest good backup, and the newest green drill, are as young as the schedule promises. Late: one run is missing.
Overdue: two are. /healthz, the container's health and the metrics say the same (docs/operate/monitoring.md).

Examples:
  haven status
  haven status --quiet || echo look
  haven status --json

EXIT STATUS
  0   all that is scheduled is fresh, or nothing is scheduled
  13  a backup or a drill is late
  14  a backup or a drill is overdue
  30  the last audit, or the last drill, found damage
  3   the command or the configuration is wrong`;
