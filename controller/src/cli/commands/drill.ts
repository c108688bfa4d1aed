import { type Command, Option } from 'commander';
import type { App } from '../../app.ts';
import { type Level, levels } from '../../drill/levels.ts';
import type { ReadVerdict } from '../../drill/stream-level.ts';
import type { Verdict } from '../../drill/verdict.ts';
import { HavenError } from '../../errors.ts';
import { type DrillOptions, runDrill } from '../../runs/drill.ts';
import type { DrillVerdict } from '../../runs/drill-verdict.ts';
import type { RunSummary } from '../../runs/recorded.ts';
import { readAsOf } from '../../runs/restore-choose.ts';
import { runSabotage } from '../../runs/sabotage.ts';
import { runStreamDrill } from '../../runs/stream-drill.ts';
import type { Row, SabotageReport } from '../../sabotage/report.ts';
import type { Strategy } from '../../strategies/strategy.ts';
import { type Answer, type Context, withApp } from '../context.ts';
import { runExits, summaryData } from '../run-answer.ts';
import { sabotageText } from '../sabotage-text.ts';
import { strategiesMeant, strategyArgument, strategyMeant } from '../strategy-argument.ts';
import { bytes } from '../words.ts';

export function drillCommand(program: Command, context: Context): void {
  program
    .command('drill')
    .description('restore a backup into a throwaway pool with the recovery kit alone, and compare every byte')
    .addArgument(strategyArgument('which strategy; without it all, compared with each other as well'))
    .option('--backup <id>', 'this backup (or the beginning of its id) instead of the newest of each dataset')
    .option('--as-of <time>', 'of each dataset the newest backup up to this time, or to the end of this day')
    .addOption(
      new Option(
        '--level <level>',
        'stream: download, decrypt and check everything, and restore nothing; it replaces no drill (docs/operate/drills.md)',
      )
        .choices(levels)
        .default('restore')
        .conflicts(['all', 'sabotage']),
    )
    .option('--all', 'every dataset, where drill.everyDatasetWithinDays restores some at a time')
    .option(
      '--sabotage',
      'damage a copy of a small backup in every way, and demand that the drill of each is red for the right reason (docs/sabotage.md)',
    )
    .addOption(new Option('--trigger <who>').choices(['hand', 'schedule']).default('hand').hideHelp())
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const { backup, asOf: time, sabotage, level, ...given } = command.opts<Given>();
        if (backup !== undefined && time !== undefined) throw bothGiven;
        const asOf = time === undefined ? {} : { asOf: readAsOf(time, app.config.timezone) };
        const named = backup === undefined ? {} : { backup };
        // The id of a backup is one strategy's.
        const one = backup === undefined ? strategiesMeant(app, command) : [strategyMeant(app, command)];
        if (sabotage) {
          const onRow = ({ name, came }: Row) => context.err(`${name}: ${came}\n`);
          const shown = context.isTerminal ? { onRow } : {};
          return sabotageAnswer(await runSabotage(app, one, { ...named, ...shown }));
        }
        const drill = level === 'stream' ? runStreamDrill : runDrill;
        return drilledAnswer(await drill(app, one, { ...given, ...asOf, ...named }));
      }),
    );
}

function sabotageAnswer(summaries: RunSummary[]): Answer {
  const red = summaries.find(({ exit }) => exit !== 0);
  const reports = summaries.flatMap(({ result }) => (result === null ? [] : [result as SabotageReport]));
  const data = { error: red?.error ?? null, sabotages: summaries.map(summaryData) };
  return { data, text: reports.map(sabotageText).join('\n\n'), exit: red?.exit ?? 0 };
}

export async function drillThese(app: App, strategies: Strategy[], options: DrillOptions): Promise<Answer> {
  return drilledAnswer(await runDrill(app, strategies, options));
}

function drilledAnswer(summaries: RunSummary[]): Answer {
  const red = summaries.find(({ exit }) => exit !== 0);
  const verdicts = summaries.flatMap(({ result }) => (result === null ? [] : [result as AnyVerdict]));
  const data =
    summaries.length === 1
      ? summaryData(summaries[0]!)
      : { error: red?.error ?? null, drills: summaries.map(summaryData) };
  return { data, text: verdicts.map(verdictText).join('\n\n'), exit: red?.exit ?? 0 };
}

type AnyVerdict = DrillVerdict<Verdict | ReadVerdict>;

interface Given {
  level: Level;
  backup?: string;
  asOf?: string;
  all?: true;
  sabotage?: true;
  trigger: 'hand' | 'schedule';
}

const bothGiven = new HavenError({
  code: 'bad-request',
  operation: 'drill',
  message: '--backup and --as-of were both given',
  hint: 'a backup has its own time: leave one of them out',
});

export function verdictText(verdict: AnyVerdict): string {
  const checks = verdict.sources.flatMap((source) => [
    source.sentence,
    ...source.checks.map(
      ({ name, pass, detail }) => `  ${pass ? 'ok    ' : 'FAILED'}  ${name.padEnd(18)}  ${detail}`,
    ),
    ...('compared' in source.evidence
      ? [`  not kept, so not compared: ${source.evidence.notKept.join('; ')}`]
      : []),
  ]);
  return [
    `${verdict.pass ? 'GREEN' : 'RED'}${verdict.level === 'stream' ? ' (level stream: nothing was restored)' : ''}`,
    ...expectations(verdict),
    ...checks,
    ...(verdict.level === 'stream'
      ? [`Proven, where green: ${verdict.claim.proves}`, `Not proven: ${verdict.claim.doesNotProve}`]
      : []),
    `Evidence: verdicts/${verdict.run}.json, and .html to read or print`,
  ].join('\n');
}

function expectations({ rotation, preflight }: AnyVerdict): string[] {
  const turns = [
    ...(rotation?.now.map(({ source, why }) => `  restored now: ${source}: ${why}`) ?? []),
    ...(rotation?.later.map(({ source, why }) => `  later: ${source}: ${why}`) ?? []),
  ];
  if (preflight === null) return turns;
  const { backups, downloadBytes, scratchBytes, scratchFreeBytes } = preflight;
  const takes = `Expected: ${backups} backups, ${bytes(downloadBytes)} to download, ${bytes(scratchBytes)} of scratch space; ${bytes(scratchFreeBytes)} were free`;
  return [...turns, takes];
}

const help = `
Examples:
  haven drill
  haven drill a
  haven drill b --backup 0f3a --json
  haven drill b --as-of 2026-12-24     is the state of that evening still there?
  haven drill b --level stream         does every byte still come back, where there is no room for a restore?
  haven drill --sabotage

${runExits}
  A verdict of red is 30, unless the drill could not be done for another reason of this list.
  With --sabotage 0 says that all damage was found for the right reason, and 1 that some was not: then this drill cannot be trusted.`;
