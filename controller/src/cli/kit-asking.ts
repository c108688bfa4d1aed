import type { App } from '../app.ts';
import type { Asking } from '../kit/kit-passphrase.ts';
import type { Context } from './context.ts';

/** Given the option --passphrase-file, return whom or what to ask for the passphrase of an encrypted kit. */
export function kitAsking(context: Context, { signal }: App, file: string | undefined): Asking {
  return {
    terminal: { input: context.input ?? process.stdin, write: context.err },
    signal,
    file: file === undefined ? null : { named: file, path: `${context.env.HAVEN_HOST_FILES ?? ''}${file}` },
  };
}
