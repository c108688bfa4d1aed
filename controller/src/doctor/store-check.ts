// Does a store take what it is given, give it back, list it and remove it? Asked by the strategy's own image, which alone speaks to its store: a few small
// objects that it removes again.
import type { App } from '../app.ts';
import { duration } from '../cli/words.ts';
import { HavenError } from '../errors.ts';
import { selftestStore } from '../runs/look.ts';
import { strategyA } from '../strategies/a.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { type Check, failed, guarded, ok, warn } from './check.ts';

export function checkSwift(app: App): Promise<Check> {
  return checkStore(app, strategyA);
}

/** A store that does not answer is waited for with much patience by a backup; somebody who looks at a screen has less. */
const patienceMs = 5 * 60_000;

export function checkStore(app: App, strategy: Strategy, patience = patienceMs): Promise<Check> {
  const name = `store of ${strategy.name}`;
  const remedy = `look at strategies.${strategy.name}.settings and ${app.home.secrets[strategy.name]}`;
  const tooLong = AbortSignal.timeout(patience);
  return guarded(name, remedy, async () => {
    try {
      const bounded = { ...app, signal: AbortSignal.any([app.signal, tooLong]) };
      const { selftest, ended } = await selftestStore(bounded, strategy);
      const open = selftest.observations.filter(({ settled }) => !settled);
      if (ended.outcome !== 'ok' || open.length > 0 || !selftest.removed) {
        const words = ended.error?.message ?? open.map(({ question }) => question).join('; ');
        return failed(name, `its self-test did not end well: ${words}`, ended.error?.hint ?? remedy);
      }
      return ok(name, `works: ${selftest.observations.length} things tried`);
    } catch (thrown) {
      if (!(thrown instanceof HavenError)) throw thrown;
      if (thrown.report.code === 'interrupted' && tooLong.aborted && !app.signal.aborted) {
        const where = `strategies.${strategy.name}.network and the store's address in its settings`;
        return warn(name, `did not answer within ${duration(patience / 1000)}`, `check ${where}`);
      }
      if (thrown.report.code === 'try-later')
        return warn(
          name,
          `could not be tried: ${thrown.report.message}`,
          'check the network of the controller',
        );
      throw thrown;
    }
  });
}
