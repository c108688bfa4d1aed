import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { App } from '../../app.ts';
import { HavenError } from '../../errors.ts';
import type { RunRecord } from '../../history/history.ts';
import { type Answer, type Context, withApp } from '../context.ts';

/** A strategy has 30 s to stop cleanly; then its snapshots are settled. */
const patienceMs = 90_000;
const lookMs = 250;

export function cancelCommand(program: Command, context: Context): void {
  program
    .command('cancel')
    .description('stop a run that is under way; what it did so far is kept')
    .argument('[run]', 'its id, or the beginning of it; not needed while only one is under way')
    .addHelpText('after', help)
    .action(withApp(context, (app, command) => cancelled(app, command.args[0])));
}

async function cancelled(app: App, named: string | undefined): Promise<Answer> {
  const run = meant(app, named);
  app.history.cancel(run.id, app.now());
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const now = app.history
      .runs({ kind: run.kind, strategy: run.strategy, limit: 1000 })
      .find(({ id }) => id === run.id);
    if (now?.ended != null) {
      const text = `${run.id}: ${now.outcome}. It is not tried again before its next regular time.`;
      return { data: { run: run.id, outcome: now.outcome, error: null }, text, exit: 0 };
    }
    if (app.signal.aborted || Date.now() > deadline) break;
    await sleep(lookMs, undefined, { signal: app.signal }).catch(() => {});
  }
  throw new HavenError({
    code: 'failed',
    operation: 'cancel',
    subject: run.id,
    message: `${run.id} was asked to stop, and has not ended yet`,
    hint: 'where its controller was killed nobody hears it: the next start of `haven up`, or `haven tick`, ends what was left',
  });
}

function meant(app: App, named: string | undefined): RunRecord {
  const underWay = app.history.runs({ limit: 1000 }).filter(({ ended }) => ended === null);
  const found = named === undefined ? underWay : underWay.filter(({ id }) => id.startsWith(named));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const ids = underWay.map(({ id }) => id).join(', ');
  throw new HavenError({
    code: 'bad-request',
    operation: 'cancel',
    message:
      found.length > 1
        ? `${found.length} runs are under way`
        : named === undefined
          ? 'nothing is under way'
          : `no run under way is called ${named}`,
    hint: ids === '' ? '`haven history` shows what ran' : `under way: ${ids}`,
  });
}

const help = `
Examples:
  haven cancel
  haven cancel 20261127t0300

EXIT STATUS
  0  it has ended, and the history says as what
  1  it was asked to, and has not ended within 90 seconds
  3  nothing is under way, or it is not clear what is meant`;
