import type { Command } from 'commander';
import { exitCodes } from '../../errors.ts';
import { auditBackups } from '../../runs/look.ts';
import { type Context, withApp } from '../context.ts';
import { runExits } from '../run-answer.ts';
import { strategyArgument } from '../strategy-argument.ts';
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
      withApp(context, async (app) => {
        const audit = await auditBackups(app);
        const { backups, parts, storedBytes, findings } = audit;
        const sentence = `${backups} backups, ${parts} parts, ${bytes(storedBytes)} looked at: `;
        const lines = findings.map((finding) => `  ${finding.kind}: ${finding.message}`);
        const text = [
          sentence + (findings.length === 0 ? 'nothing is wrong' : `${findings.length} findings`),
          ...lines,
        ];
        return {
          data: { audit },
          text: text.join('\n'),
          exit: findings.length === 0 ? 0 : exitCodes.damaged,
        };
      }),
    );
}

const help = `
Examples:
  haven audit b
  haven audit b --json

${runExits}`;
