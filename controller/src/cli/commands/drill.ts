import { type Command, Option } from 'commander';
import { type DrillVerdict, runDrill } from '../../runs/drill.ts';
import { type Context, withApp } from '../context.ts';
import { runExits, summaryData } from '../run-answer.ts';
import { strategyArgument } from '../strategy-argument.ts';

export function drillCommand(program: Command, context: Context): void {
  program
    .command('drill')
    .description('restore a backup into a throwaway pool with the recovery kit alone, and compare every byte')
    .addArgument(strategyArgument())
    .option('--backup <id>', 'this backup (or the beginning of its id) instead of the newest of each dataset')
    .addOption(new Option('--trigger <who>').choices(['hand', 'schedule']).default('hand').hideHelp())
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const { backup, trigger } = command.opts<{ backup?: string; trigger: 'hand' | 'schedule' }>();
        const summary = await runDrill(app, { trigger, ...(backup === undefined ? {} : { backup }) });
        const verdict = summary.result as DrillVerdict | null;
        return {
          data: summaryData(summary),
          text: verdict === null ? '' : verdictText(verdict),
          exit: summary.exit,
        };
      }),
    );
}

export function verdictText(verdict: DrillVerdict): string {
  const checks = verdict.sources.flatMap((source) => [
    source.sentence,
    ...source.checks.map(
      ({ name, pass, detail }) => `  ${pass ? 'ok    ' : 'FAILED'}  ${name.padEnd(18)}  ${detail}`,
    ),
  ]);
  return [verdict.pass ? 'GREEN' : 'RED', ...checks, `Evidence: verdicts/${verdict.run}.json`].join('\n');
}

const help = `
Examples:
  haven drill b
  haven drill b --backup 0f3a --json

${runExits}
  A verdict of red is 30, unless the drill could not be done for another reason of this list.`;
