import { type Command, Option } from 'commander';
import type { App } from '../../app.ts';
import type { Result } from '../../contract/events.ts';
import { type ErrorReport, exitCodes, reportOf } from '../../errors.ts';
import { type BackupOptions, type BackupSummary, runBackup } from '../../runs/backup.ts';
import { sharedSnapshots } from '../../runs/backup-snapshots.ts';
import type { RunSummary } from '../../runs/recorded.ts';
import type { Strategy } from '../../strategies/strategy.ts';
import { type Answer, type Context, withApp } from '../context.ts';
import { runExits, summaryData } from '../run-answer.ts';
import { strategiesMeant, strategyArgument } from '../strategy-argument.ts';
import { bytes, duration } from '../words.ts';
import { auditText } from './audit.ts';

export function backupCommand(program: Command, context: Context): void {
  program
    .command('backup')
    .description('take a snapshot and back it up off-site')
    .addArgument(strategyArgument('which strategy; without it all, of one and the same snapshot'))
    .option('--full', 'a full backup, even if an incremental one would do')
    .addOption(new Option('--trigger <who>').choices(['hand', 'schedule']).default('hand').hideHelp())
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const { full, trigger } = command.opts<{ full?: boolean; trigger: 'hand' | 'schedule' }>();
        const options = { kind: full === true ? 'full' : 'auto', trigger } as const;
        const [strategy, ...others] = strategiesMeant(app, command);
        if (strategy !== undefined && others.length === 0)
          return answerOf(await runBackup(app, strategy, options));
        return await backUpAll(app, strategiesMeant(app, command), options);
      }),
    );
}

/** One after the other; that one of them fails, or cannot even start, keeps no other from it. */
export async function backUpAll(app: App, strategies: Strategy[], options: BackupOptions): Promise<Answer> {
  const snapshots = sharedSnapshots(app, strategies);
  const answers: Answer[] = [];
  for (const strategy of strategies) {
    try {
      answers.push(answerOf(await runBackup(app, strategy, { ...options, snapshots })));
    } catch (thrown) {
      const error = reportOf(thrown, 'backup');
      const exit = exitCodes[error.code];
      answers.push({ data: { error, exit }, text: `strategy ${strategy.name}: ${error.message}`, exit });
    }
  }
  const red = answers.find(({ exit }) => exit !== 0);
  const error = (red?.data.error as ErrorReport | undefined) ?? null;
  return {
    data: { error, exit: red?.exit ?? 0, backups: answers.map(({ data }) => data) },
    text: answers.map(({ text }) => text).join('\n'),
    exit: red?.exit ?? 0,
  };
}

function answerOf(summary: BackupSummary): Answer {
  const { resumed, audit } = summary;
  const committed = [resumed, summary].flatMap(
    (one) => (one?.result as Result | null | undefined)?.backups ?? [],
  );
  const lines = committed.map(({ id, source, kind, parts, streamBytes, storedBytes, seconds }) => {
    const took = typeof seconds === 'number' ? ` in ${duration(seconds)}` : '';
    return `${source}: ${kind} backup ${id} committed: ${bytes(streamBytes)} as ${parts} parts of ${bytes(storedBytes)} together${took}`;
  });
  if (audit !== null) lines.push(...afterwards(audit));
  // A committed backup is no reason to end well while the store lost or altered an older one, or could not be looked at.
  const spoilt = audit !== null && audit.exit !== 0 && (summary.exit === 0 || audit.exit === 30);
  const exit = spoilt ? audit.exit : summary.exit;
  const error = summary.error ?? audit?.error ?? null;
  const more = { resumed: resumed && summaryData(resumed), audit: audit && summaryData(audit) };
  return { data: { ...summaryData(summary), error, exit, ...more }, text: lines.join('\n'), exit };
}

function afterwards({ result, exit }: RunSummary): string[] {
  const audit = (result as Result | null)?.audit;
  if (audit !== undefined) return [`${exit === 0 ? 'Audit' : 'AUDIT IS RED'}: ${auditText(audit)}`];
  return ['AUDIT WAS NOT DONE: nobody knows yet whether all is still in the store'];
}

const help = `
Examples:
  haven backup
  haven backup a
  haven backup b --full --json

${runExits}`;
