import { ask, type Terminal } from '../auth/ask.ts';
import { HavenError } from '../errors.ts';
import { type Ask, Refused } from './question.ts';

/** Nobody tells a program in a container that the terminal it was started from is gone: it would wait, and keep its lock, for ever. */
const patience = 3_600_000;

/** Asks a person, again and again until the answer can be taken; an empty line takes what is shown in brackets. Throws interrupted when nobody answers. */
export function terminalAsk(terminal: Terminal, signal: AbortSignal, patienceMs = patience): Ask {
  return async ({ words, hidden = false, read, present }) => {
    const shown = present === undefined ? '' : ` [${present.shown}]`;
    for (;;) {
      const typed = await answered(terminal, `${words}${shown}: `, hidden, signal, patienceMs);
      if (typed === '' && present !== undefined) return present.value;
      try {
        return read(typed);
      } catch (thrown) {
        if (!(thrown instanceof Refused)) throw thrown;
        terminal.write(`  ${thrown.message}\n`);
      }
    }
  };
}

async function answered(
  terminal: Terminal,
  question: string,
  hidden: boolean,
  stop: AbortSignal,
  patienceMs: number,
): Promise<string> {
  const tooLong = AbortSignal.timeout(patienceMs);
  try {
    return await ask(terminal, question, { hidden, signal: AbortSignal.any([stop, tooLong]) });
  } catch (thrown) {
    if (!tooLong.aborted || stop.aborted) throw thrown;
    const message = 'the question was not answered';
    throw new HavenError({ code: 'interrupted', operation: 'ask', message, hint: 'run it again' });
  }
}
