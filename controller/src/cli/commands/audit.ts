import type { Command } from 'commander';
import type { Audit, Result } from '../../contract/events.ts';
import { runAudit } from '../../runs/audit.ts';
import { type Context, withApp } from '../context.ts';
import { runExits, summaryData } from '../run-answer.ts';
import { strategyArgument, strategyMeant } from '../strategy-argument.ts';
import { bytes } from '../words.ts';

export function auditCommand(program: Command, context: Context): void {
  program
    .command('audit')
    .description(
      "compare every manifest with the store's own listing and checksums, without downloading data",
    )
    .addArgument(strategyArgument())
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const summary = await runAudit(app, strategyMeant(app, command), 'hand');
        const audit = (summary.result as Result | null)?.audit;
        const text = audit === undefined ? '' : auditText(audit);
        return { data: { ...summaryData(summary), audit: audit ?? null }, text, exit: summary.exit };
      }),
    );
}

export function auditText({ backups, parts, storedBytes, findings, ...costs }: Audit): string {
  const { calls, askedById = 0, downloads = 0 } = costs;
  const found = findings.length === 0 ? 'nothing is wrong' : `${findings.length} findings`;
  return [
    `${backups} backups, ${parts} parts, ${bytes(storedBytes)} looked at: ${found}`,
    ...findings.map(({ kind, message }) => `  ${kind}: ${message}`),
    `It took ${calls} requests to the store; ${askedById} files were asked for one by one, ${downloads} manifests downloaded.`,
  ].join('\n');
}

const help = `
Examples:
  haven audit b
  haven audit b --json

${runExits}`;
