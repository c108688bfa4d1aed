import { ask, type Terminal } from '../auth/ask.ts';
import { type Ask, Refused } from './question.ts';

/** Asks a person, again and again until the answer can be taken; an empty line takes what is shown in brackets. */
export function terminalAsk(terminal: Terminal, signal: AbortSignal): Ask {
  return async ({ words, hidden = false, read, present }) => {
    const shown = present === undefined ? '' : ` [${present.shown}]`;
    for (;;) {
      const typed = await ask(terminal, `${words}${shown}: `, { hidden, signal });
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
