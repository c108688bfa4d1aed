import type { Command } from 'commander';
import { exportFolder } from '../../kit/export-folder.ts';
import { demandFree, placeOf } from '../../kit/export-place.ts';
import { rememberExport } from '../../kit/exported.ts';
import { writeKit } from '../../kit/write-kit.ts';
import { type Context, withApp } from '../context.ts';

interface Options {
  force?: boolean;
}

export function kitExportCommand(kit: Command, context: Context): void {
  kit
    .command('export')
    .description('write the kit anew, and a copy of it to where this server cannot take it along')
    .argument('<target>', 'a folder that is new or empty, on a disk that can be carried away')
    .option('--force', 'replace an older kit there; other files stay')
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const { force = false } = command.opts<Options>();
        const [target = ''] = command.args;
        const place = placeOf(app, target, context.env.HAVEN_HOST_FILES);
        demandFree(place, force);
        const { files, others, warnings } = await exportFolder(await writeKit(app), place.path);
        if (place.notCounted !== null) warnings.push(`${place.notCounted}: this does not count as an export`);
        else await rememberExport(app, 'folder');
        const text = [
          `The recovery kit is in ${target}:`,
          ...files.map((name) => `  ${name}`),
          ...(others.length === 0 ? [] : [`Also there, and not of this kit: ${others.join(', ')}`]),
          ...warnings.map((warning) => `WARNING: ${warning}.`),
          'Whoever has it can read all that was backed up. Carry it away from here; RECOVERY.md says how to restore with it.',
          `Try it now and then: haven kit check ${target}`,
        ];
        return {
          data: { target, form: 'folder', files, others, warnings, counts: place.notCounted === null },
          text: text.join('\n'),
          exit: 0,
        };
      }),
    );
}

const help = `
Until this was done after the last change of a secret, status and doctor say so. In Haven's own folder, or in memory
(tmpfs), it is written too, but does not count.

Examples:
  haven kit export /media/usb-stick/kit
  haven kit export /media/usb-stick/kit --force

EXIT STATUS
  0   written, on the disk, and read back
  1   failed
  3   the command or the configuration is wrong, a secret is missing, or something is there already
  23  that disk is full`;
