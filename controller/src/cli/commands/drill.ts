import { type Command, Option } from 'commander';
import { runDrill } from '../../runs/drill.ts';
import type { DrillVerdict } from '../../runs/drill-verdict.ts';
import { type Context, withApp } from '../context.ts';
import { runExits, summaryData } from '../run-answer.ts';
import { strategiesMeant, strategyArgument, strategyMeant } from '../strategy-argument.ts';

export function drillCommand(program: Command, context: Context): void {
  program
    .command('drill')
    .description('restore a backup into a throwaway pool with the recovery kit alone, and compare every byte')
    .addArgument(strategyArgument('which strategy; without it all, compared with each other as well'))
    .option('--backup <id>', 'this backup (or the beginning of its id) instead of the newest of each dataset')
    .addOption(new Option('--trigger <who>').choices(['hand', 'schedule']).default('hand').hideHelp())
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const { backup, trigger } = command.opts<{ backup?: string; trigger: 'hand' | 'schedule' }>();
        const options = { trigger, ...(backup === undefined ? {} : { backup }) };
        // The id of a backup is one strategy's.
        const one = backup === undefined ? strategiesMeant(app, command) : [strategyMeant(app, command)];
        const summaries = await runDrill(app, one, options);
        const red = summaries.find(({ exit }) => exit !== 0);
        const verdicts = summaries.flatMap(({ result }) => (result === null ? [] : [result as DrillVerdict]));
        const data =
          summaries.length === 1
            ? summaryData(summaries[0]!)
            : { error: red?.error ?? null, drills: summaries.map(summaryData) };
        return { data, text: verdicts.map(verdictText).join('\n\n'), exit: red?.exit ?? 0 };
      }),
    );
}

export function verdictText(verdict: DrillVerdict): string {
  const checks = verdict.sources.flatMap((source) => [
    source.sentence,
    ...source.checks.map(
      ({ name, pass, detail }) => `  ${pass ? 'ok    ' : 'FAILED'}  ${name.padEnd(18)}  ${detail}`,
    ),
    `  not kept, so not compared: ${source.evidence.notKept.join('; ')}`,
  ]);
  return [
    verdict.pass ? 'GREEN' : 'RED',
    ...checks,
    `Evidence: verdicts/${verdict.run}.json, and .html to read or print`,
  ].join('\n');
}

const help = `
Examples:
  haven drill
  haven drill a
  haven drill b --backup 0f3a --json

${runExits}
  A verdict of red is 30, unless the drill could not be done for another reason of this list.`;
