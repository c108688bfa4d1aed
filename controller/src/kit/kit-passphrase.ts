// The passphrase of an encrypted kit: from a file, or typed; a new one is typed twice, for nobody can tell afterwards what was mistyped.
import { readFileSync } from 'node:fs';
import { ask, type Terminal } from '../auth/ask.ts';
import { HavenError } from '../errors.ts';

const shortest = 12;

export interface Asking {
  terminal: Terminal;
  signal: AbortSignal;
  /** As the owner named it, and where this process finds it. */
  file: { named: string; path: string } | null;
}

/** Returns the passphrase of a file that is there. */
export function oldPassphrase(asking: Asking): Promise<string> {
  return given(asking, 'Passphrase of the encrypted kit (not shown): ');
}

/** Returns the passphrase for a new file; throws bad-request when it is too short or was not typed twice the same. */
export async function newPassphrase(asking: Asking): Promise<string> {
  const question = 'A passphrase for the encrypted kit (not shown): ';
  const passphrase = await given(asking, question);
  if (passphrase.length < shortest)
    throw refusal(
      `the passphrase has ${passphrase.length} characters; that is soon guessed`,
      `take at least ${shortest}: five words that have nothing to do with each other, say`,
    );
  if (asking.file === null && (await given(asking, 'The same once more: ')) !== passphrase)
    throw refusal('the two are not the same', 'run it again');
  return passphrase;
}

/** The first line of a file, as gpg itself takes it. */
async function given({ terminal, signal, file }: Asking, question: string): Promise<string> {
  if (file !== null) {
    try {
      return readFileSync(file.path, 'utf8').split(/\r?\n/)[0]!;
    } catch {
      throw refusal(`the passphrase file ${file.named} cannot be read`, 'name one that can');
    }
  }
  if (terminal.input.isTTY !== true)
    throw refusal(
      'there is nobody to ask for the passphrase',
      'call it from a terminal, or say --passphrase-file FILE',
    );
  return await ask(terminal, question, { hidden: true, signal });
}

function refusal(message: string, hint: string): HavenError {
  return new HavenError({ code: 'bad-request', operation: 'ask for the passphrase', message, hint });
}
