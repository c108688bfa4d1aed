import type { Command } from 'commander';
import { kitContents, writeKit } from '../../kit/write-kit.ts';
import { type Context, withApp } from '../context.ts';
import { kitCheckCommand } from './kit-check.ts';
import { kitExportCommand } from './kit-export.ts';

export function kitCommand(program: Command, context: Context): void {
  const kit = program
    .command('kit')
    .description('write the recovery kit: all that a stranger needs to restore, secrets included')
    .addHelpText('after', help)
    .action(
      withApp(context, async (app) => {
        const folder = await writeKit(app);
        const files = await kitContents(app);
        const text = [
          `The recovery kit is in ${folder}:`,
          ...files.map((name) => `  ${name}`),
          'It holds secrets. Put a copy where this server cannot take it along: haven kit export.',
        ];
        return { data: { folder, files }, text: text.join('\n'), exit: 0 };
      }),
    );
  kitExportCommand(kit, context);
  kitCheckCommand(kit, context);
}

const help = `
This kit, in Haven's own folder, is what the drills restore with. It does not help when the server is lost: export it.

Examples:
  haven kit
  haven kit export /media/usb-stick/kit
  haven kit check /media/usb-stick/kit

EXIT STATUS
  0  written
  1  failed
  3  the configuration is wrong or a secret is missing`;
