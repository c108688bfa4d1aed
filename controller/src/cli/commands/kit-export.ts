import { basename } from 'node:path';
import type { Command } from 'commander';
import type { App } from '../../app.ts';
import { HavenError } from '../../errors.ts';
import { exportKit, type KitExported, type Wanted } from '../../kit/export-kit.ts';
import { placeOf } from '../../kit/export-place.ts';
import type { ExportForm } from '../../kit/exported.ts';
import { newPassphrase } from '../../kit/kit-passphrase.ts';
import { type Context, withApp } from '../context.ts';
import { kitAsking } from '../kit-asking.ts';

interface Options {
  encrypted?: boolean;
  passphraseFile?: string;
  sheet?: string;
  force?: boolean;
}

export function kitExportCommand(kit: Command, context: Context): void {
  kit
    .command('export')
    .description('write the kit anew, and a copy of it to where this server cannot take it along')
    .argument('[target]', 'a folder that is new or empty, on a disk that can be carried away')
    .option('--encrypted', 'write one file instead, encrypted with a passphrase that is asked for')
    .option('--passphrase-file <file>', 'take its first line instead of asking')
    .option('--sheet <file>', 'write a page to be printed (HTML), instead or as well')
    .option('--force', 'replace an older kit there; other files stay')
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const { force = false, ...options } = command.opts<Options>();
        const exports = await exportKit(app, await wantedBy(context, app, command.args[0], options), force);
        return { data: { exports }, text: exports.map(textOf).join('\n\n'), exit: 0 };
      }),
    );
}

async function wantedBy(
  context: Context,
  app: App,
  target: string | undefined,
  options: Options,
): Promise<Wanted[]> {
  const placed = (named: string) => placeOf(app, named, context.env.HAVEN_HOST_FILES);
  const wanted: Wanted[] = [];
  if (options.sheet !== undefined) wanted.push({ form: 'sheet', place: placed(options.sheet) });
  if (target !== undefined) {
    const place = placed(target);
    if (options.encrypted !== true) wanted.unshift({ form: 'folder', place });
    else {
      const passphrase = await newPassphrase(kitAsking(context, app, options.passphraseFile));
      wanted.unshift({ form: 'encrypted file', place, passphrase });
    }
  }
  if (wanted.length > 0) return wanted;
  const message = 'where to? Neither a target nor --sheet was named';
  const hint = 'haven kit export /media/usb-stick/kit';
  throw new HavenError({ code: 'bad-request', operation: 'export the kit', message, hint });
}

function textOf({ form, target, files, others, warnings }: KitExported): string {
  return [
    form === 'folder' ? `The recovery kit is in ${target}:` : `The recovery kit is in ${target} (${form}).`,
    ...files.map((name) => `  ${name}`),
    ...(others.length === 0 ? [] : [`Also there, and not of this kit: ${others.join(', ')}`]),
    ...warnings.map((warning) => `WARNING: ${warning}.`),
    ...lastWords[form](target),
  ].join('\n');
}

const lastWords: Record<ExportForm, (target: string) => string[]> = {
  folder: (target) => [
    'Whoever has it can read all that was backed up. Carry it away from here; RECOVERY.md says how to restore with it.',
    `Try it now and then: haven kit check ${target}`,
  ],
  'encrypted file': (target) => [
    'Without that passphrase it is worth nothing, and nobody can find it out. Write it down elsewhere. Carry the file away from here.',
    `Try it now and then: haven kit check ${target}`,
    `On any machine it is opened by:  gpg -d ${basename(target)} | tar -x`,
  ],
  sheet: (target) => [
    'Open it in a browser, print it, and look whether the codes are sharp. Whoever has it, the file or the paper, can read all',
    `that was backed up: remove the file then (shred -u ${basename(target)}).`,
  ],
};

const help = `
Until this was done after the last change of a secret, status and doctor say so. In Haven's own folder, or in memory
(tmpfs), it is written too, but does not count. An encrypted kit is opened by  gpg -d FILE | tar -x  on any machine.
The sheet has each file as QR codes, and each secret as lines to be typed in, with a checksum each.

Examples:
  haven kit export /media/usb-stick/kit
  haven kit export /media/usb-stick/kit --force
  haven kit export --encrypted /media/usb-stick/kit.tar.gpg
  haven kit export --sheet /root/kit.html

EXIT STATUS
  0    written, on the disk, and read back
  1    failed
  3    the command or the configuration is wrong, a secret is missing, or something is there already
  23   that disk is full
  143  interrupted`;
