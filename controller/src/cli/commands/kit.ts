import type { Command } from 'commander';
import { writeKit } from '../../kit/write-kit.ts';
import { configuredStrategies } from '../../strategies/configured.ts';
import { kitFiles } from '../../strategies/strategy.ts';
import { type Context, withApp } from '../context.ts';

export function kitCommand(program: Command, context: Context): void {
  program
    .command('kit')
    .description('write the recovery kit: all that a stranger needs to restore, secrets included')
    .addHelpText('after', help)
    .action(
      withApp(context, async (app) => {
        const folder = await writeKit(app);
        const files = [
          'RECOVERY.md',
          ...configuredStrategies(app.config).flatMap((strategy) =>
            kitFiles(strategy).map((name) => `${strategy.name}/${name}`),
          ),
        ];
        const text = [
          `The recovery kit is in ${folder}:`,
          ...files.map((name) => `  ${name}`),
          'It holds secrets. Copy it to where this server cannot take it along: a USB stick and a printed sheet in a drawer.',
        ];
        return { data: { folder, files }, text: text.join('\n'), exit: 0 };
      }),
    );
}

const help = `
Examples:
  haven kit
  haven kit --json

EXIT STATUS
  0  written
  1  failed
  3  the configuration is wrong or a secret is missing`;
