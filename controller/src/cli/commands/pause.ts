import type { Command } from 'commander';
import { jobsMeant, pauseEnd } from '../../schedule/pause.ts';
import { type Context, withApp } from '../context.ts';
import { columns } from '../words.ts';

export function pauseCommand(program: Command, context: Context): void {
  program
    .command('pause')
    .description('start nothing by the schedule until a given time; what runs goes on')
    .argument('[job...]', 'backup-a, drill-b …, or a strategy: all of its jobs; without any, everything')
    .requiredOption(
      '--until <time>',
      '7d, 12h, a time, or a date: until its end in the schedule’s time zone; at most 31 days',
    )
    .option('--reason <text>', 'shown with the pause', '')
    .addHelpText('after', pauseHelp)
    .action(
      withApp(context, (app, command) => {
        const { until: given, reason } = command.opts<{ until: string; reason: string }>();
        const since = app.now();
        const until = pauseEnd(given, since, app.config.timezone);
        const jobs = jobsMeant(app, command.args);
        for (const { name } of jobs)
          app.history.setPause(name, { since, until, reason: reason.slice(0, 200) });
        const names = jobs.map(({ name }) => name);
        const text = `Paused until ${until.toISOString()}: ${names.join(', ')}. Backups grow old meanwhile, and are told of as ever.`;
        return { data: { jobs: names, until: until.toISOString(), reason }, text, exit: 0 };
      }),
    );
}

export function resumeCommand(program: Command, context: Context): void {
  program
    .command('resume')
    .description('end a pause; what came due meanwhile is caught up with by one run')
    .argument('[job...]', 'as for pause; without any, everything')
    .addHelpText('after', resumeHelp)
    .action(
      withApp(context, (app, command) => {
        const paused = new Set(app.history.pauses(app.now()).map(({ job }) => job));
        const jobs = jobsMeant(app, command.args).filter(({ name }) => paused.has(name));
        for (const { name } of jobs) app.history.setPause(name, null);
        const names = jobs.map(({ name }) => name);
        const text =
          names.length === 0 ? 'Nothing was paused.' : columns(names.map((name) => [name, 'goes on']));
        return { data: { jobs: names }, text, exit: 0 };
      }),
    );
}

const exits = `EXIT STATUS
  0  done
  3  the time, the job or the configuration is wrong`;

const pauseHelp = `
Examples:
  haven pause --until 12h
  haven pause b --until 2026-12-24 --reason 'a slow line over the holidays'
  haven pause drill-a drill-b --until 7d

${exits}`;

const resumeHelp = `
Examples:
  haven resume
  haven resume drill-a

${exits}`;
