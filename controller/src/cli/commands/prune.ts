import { type Command, InvalidArgumentError } from 'commander';
import type { Result } from '../../contract/events.ts';
import { applyPrune, type PlanMade, planPrune } from '../../runs/prune.ts';
import type { Strategy } from '../../strategies/strategy.ts';
import { type Context, withApp } from '../context.ts';
import { runExits, summaryData } from '../run-answer.ts';
import { strategyArgument, strategyMeant } from '../strategy-argument.ts';
import { ago, bytes, columns } from '../words.ts';

export function pruneCommand(program: Command, context: Context): void {
  program
    .command('prune')
    .description('show which old chains of backups may be deleted, which stay, and why; --apply deletes them')
    .addArgument(strategyArgument())
    .option(
      '--apply [plan]',
      'carry the plan out; with its number (or the beginning), only if it is still that one',
      digest,
    )
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const strategy = strategyMeant(app, command);
        const { apply } = command.opts<{ apply?: string | true }>();
        const text = (made: PlanMade) => planText(made, app.now());
        if (apply === undefined) {
          const made = await planPrune(app, strategy);
          return { data: { ...made }, text: `${text(made)}${howToApply(made, strategy)}`, exit: made.exit };
        }
        const show = (made: PlanMade) => command.optsWithGlobals().json || context.out(`${text(made)}\n`);
        const done = await applyPrune(app, strategy, apply === true ? undefined : apply, show);
        const { applied } = done;
        const error = applied?.error ?? done.error;
        const exit = applied?.exit ?? done.exit;
        const run = applied && summaryData(applied);
        return { data: { ...done, error, exit, applied: run }, text: doneText(applied?.result), exit };
      }),
    );
}

function planText({ plan, planned }: PlanMade, now: Date): string {
  const rows = planned
    .toSorted((a, b) => Number(b.goes) - Number(a.goes) || (b.newestAt ?? '').localeCompare(a.newestAt ?? ''))
    .map(({ goes, what, id, source = '-', backups, files, storedBytes, newestAt, proven, reason }) => [
      goes ? 'DELETE' : 'keep',
      what === 'chain' ? `chain ${id.slice(0, 8)}` : `parts ${id.slice(0, 8)}`,
      source,
      `${backups}`,
      `${files}`,
      bytes(storedBytes),
      newestAt === undefined ? 'unknown' : ago(new Date(newestAt), now),
      proven ? 'yes' : 'no',
      reason,
    ]);
  const head = ['', 'WHAT', 'DATASET', 'BACKUPS', 'FILES', 'STORED', 'NEWEST', 'DRILLED', 'WHY'];
  const sum =
    plan.goes === 0
      ? 'Nothing goes.'
      : `${plan.goes} go: ${plan.files} files, ${bytes(plan.storedBytes)}. ${plan.stays} stay.`;
  return [...(rows.length === 0 ? [] : [columns([head, ...rows]), '']), sum].join('\n');
}

function howToApply({ plan, error }: PlanMade, { name }: Strategy): string {
  if (plan.goes === 0 || error !== null) return '';
  return `\nNothing was deleted. To delete exactly this: haven prune ${name} --apply ${plan.digest.slice(0, 12)}`;
}

function doneText(result: unknown): string {
  const pruned = (result as Result | null | undefined)?.pruned;
  if (pruned === undefined) return '';
  const failed = pruned.failed === 0 ? '' : `; ${pruned.failed} COULD NOT BE DELETED`;
  return `Deleted ${pruned.files} files, ${bytes(pruned.storedBytes)}${failed}.`;
}

function digest(text: string): string {
  if (!/^[0-9a-f]{8,64}$/.test(text)) throw new InvalidArgumentError('it has 8 to 64 hexadecimal digits.');
  return text;
}

const help = `
Examples:
  haven prune b
  haven prune b --apply 3f2a99c01b7d
  haven prune b --apply --json

Only whole chains go: those older than settings.keepWithin, while settings.keepChains newer good ones stay and the newest
of the dataset has passed a full drill. While the audit is red for a newest chain, nothing goes.

${runExits}`;
