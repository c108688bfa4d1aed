import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { App } from '../../app.ts';
import { HavenError } from '../../errors.ts';
import type { RunRecord } from '../../history/history.ts';
import { keptDays } from '../../runs/tidy-run-folders.ts';
import { type Answer, type Context, withApp } from '../context.ts';

const lookMs = 500;

export function logsCommand(program: Command, context: Context): void {
  program
    .command('logs')
    .description('what a run wrote for people')
    .argument('[run]', 'its id or the beginning of it; default: the newest run')
    .option('--follow', 'go on until the run has ended')
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const { follow = false } = command.opts<{ follow?: boolean }>();
        const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
        const { id } = findRun(app, command.args[0]);
        const out = follow && !json ? context.out : () => {};
        const log = follow ? await followed(app, id, out) : readLog(app, id);
        const text = follow && !json ? '' : log.trimEnd() || nothing(id);
        return { data: { run: id, log }, text, exit: 0 } satisfies Answer;
      }),
    );
}

function nothing(run: string): string {
  return `Run ${run} wrote nothing, or its log is gone: they are kept for ${keptDays} days.`;
}

/** Given an id or its beginning, return that run; throws bad-request for none and for several. */
function findRun(app: App, named: string | undefined): RunRecord {
  const runs = app.history.runs({ limit: named === undefined ? 1 : 100_000 });
  const found = named === undefined ? runs : runs.filter(({ id }) => id.startsWith(named));
  const exact = found.find(({ id }) => id === named);
  const [run] = exact === undefined ? found : [exact];
  if (run !== undefined && (exact !== undefined || found.length === 1)) return run;
  const several = `${found.length} runs begin with ${named}`;
  const none = named === undefined ? 'nothing ran yet' : `no run begins with ${named}`;
  throw new HavenError({
    code: 'bad-request',
    operation: 'find the run',
    message: run === undefined ? none : several,
    hint: '`haven history` shows their ids',
  });
}

function readLog(app: App, run: string): string {
  try {
    return readFileSync(join(app.home.runs, run, 'log.txt'), 'utf8');
  } catch (error) {
    // It failed before its first container started: the history says why.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

async function followed(app: App, run: string, out: (text: string) => void): Promise<string> {
  let shown = '';
  for (;;) {
    const over = findRun(app, run).ended !== null || app.signal.aborted;
    const log = readLog(app, run);
    out(log.slice(shown.length));
    shown = log;
    if (over) return shown;
    // The only rejection is the abort, which the loop looks at itself.
    await sleep(lookMs, undefined, { signal: app.signal }).catch(() => {});
  }
}

const help = `
Examples:
  haven logs
  haven logs 20261126t030000z-backup-b
  haven logs --follow

EXIT STATUS
  0  printed
  3  there is no such run, or the configuration is wrong`;
