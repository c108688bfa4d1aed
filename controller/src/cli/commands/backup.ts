import { type Command, Option } from 'commander';
import type { Result } from '../../contract/events.ts';
import { runBackup } from '../../runs/backup.ts';
import type { RunSummary } from '../../runs/recorded.ts';
import { type Context, withApp } from '../context.ts';
import { runExits, summaryData } from '../run-answer.ts';
import { strategyArgument, strategyMeant } from '../strategy-argument.ts';
import { bytes, duration } from '../words.ts';
import { auditText } from './audit.ts';

export function backupCommand(program: Command, context: Context): void {
  program
    .command('backup')
    .description('take a snapshot and back it up off-site')
    .addArgument(strategyArgument())
    .option('--full', 'a full backup, even if an incremental one would do')
    .addOption(new Option('--trigger <who>').choices(['hand', 'schedule']).default('hand').hideHelp())
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const { full, trigger } = command.opts<{ full?: boolean; trigger: 'hand' | 'schedule' }>();
        const summary = await runBackup(app, strategyMeant(app, command), {
          kind: full === true ? 'full' : 'auto',
          trigger,
        });
        const { resumed, audit } = summary;
        const committed = [resumed, summary].flatMap(
          (one) => (one?.result as Result | null | undefined)?.backups ?? [],
        );
        const lines = committed.map((backup) => {
          const { id, source, kind, parts, streamBytes, storedBytes } = backup;
          const took = typeof backup.seconds === 'number' ? ` in ${duration(backup.seconds)}` : '';
          return `${source}: ${kind} backup ${id} committed: ${bytes(streamBytes)} as ${parts} parts of ${bytes(storedBytes)} together${took}`;
        });
        if (audit !== null) lines.push(...afterwards(audit));
        // A committed backup is no reason to end well while the store lost or altered an older one, or could not be looked at.
        const spoilt = audit !== null && audit.exit !== 0 && (summary.exit === 0 || audit.exit === 30);
        const exit = spoilt ? audit.exit : summary.exit;
        const error = summary.error ?? audit?.error ?? null;
        const more = { resumed: resumed && summaryData(resumed), audit: audit && summaryData(audit) };
        const data = { ...summaryData(summary), error, exit, ...more };
        return { data, text: lines.join('\n'), exit };
      }),
    );
}

function afterwards({ result, exit }: RunSummary): string[] {
  const audit = (result as Result | null)?.audit;
  if (audit !== undefined) return [`${exit === 0 ? 'Audit' : 'AUDIT IS RED'}: ${auditText(audit)}`];
  return ['AUDIT WAS NOT DONE: nobody knows yet whether all is still in the store'];
}

const help = `
Examples:
  haven backup a
  haven backup b
  haven backup b --full --json

${runExits}`;
