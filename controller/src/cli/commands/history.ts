import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Decision, Kind } from '../../history/history.ts';
import { type Answer, type Context, withApp } from '../context.ts';
import { ago, columns, duration } from '../words.ts';

export function historyCommand(program: Command, context: Context): void {
  program
    .command('history')
    .description('what ran, newest first')
    .addOption(
      new Option('--kind <kind>', 'only these').choices([
        'backup',
        'audit',
        'drill',
        'stream',
        'prune',
        'restore',
        'sabotage',
      ]),
    )
    .option('--decisions', 'what the schedule decided instead, and why')
    .option('--limit <count>', 'at most so many', positive, 20)
    .addHelpText('after', help)
    .action(
      withApp(context, (app, command) => {
        const { kind, limit, decisions } = command.opts<{ kind?: Kind; limit: number; decisions?: true }>();
        if (decisions) return decided(app.history.decisions(limit), app.now());
        const runs = app.history.runs({ limit, ...(kind === undefined ? {} : { kind }) });
        const rows = runs.map((run) => {
          const seconds =
            run.ended === null ? null : (Date.parse(run.ended) - Date.parse(run.started)) / 1000;
          const took = seconds === null ? '' : duration(seconds);
          // One line of a table; --json has all of it.
          const why = (run.error?.message.split('\n')[0] ?? '').slice(0, 100);
          return [
            run.id,
            `${run.kind} ${run.strategy}`,
            ago(new Date(run.started), app.now()),
            took,
            run.outcome ?? 'running',
            why,
          ];
        });
        const text =
          runs.length === 0
            ? 'Nothing ran yet.'
            : columns([['RUN', 'KIND', 'STARTED', 'TOOK', 'OUTCOME', 'WHY'], ...rows]);
        return { data: { runs }, text, exit: 0 };
      }),
    );
}

function decided(decisions: Decision[], now: Date): Answer {
  const rows = decisions.map(({ job, due, what, at, reason }) => [
    job,
    due.toISOString(),
    ago(at, now),
    what,
    reason,
  ]);
  const text =
    rows.length === 0
      ? 'The schedule decided nothing yet.'
      : columns([['JOB', 'DUE', 'DECIDED', 'WHAT', 'WHY'], ...rows]);
  return { data: { decisions }, text, exit: 0 };
}

function positive(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new InvalidArgumentError('a whole number above zero is wanted.');
  return count;
}

const help = `
Examples:
  haven history --kind drill
  haven history --limit 100 --json
  haven history --decisions     why something ran, or did not

EXIT STATUS
  0  printed
  3  the command or the configuration is wrong`;
