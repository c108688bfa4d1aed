// Does a store take what it is given, give it back, list it and remove it? Asked by the strategy's own image, which alone speaks to its store: a few small
// objects that it removes again.
import type { App } from '../app.ts';
import { HavenError } from '../errors.ts';
import { selftestStore } from '../runs/look.ts';
import { strategyA } from '../strategies/a.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { type Check, failed, guarded, ok, warn } from './check.ts';

export function checkSwift(app: App): Promise<Check> {
  return checkStore(app, strategyA);
}

export function checkStore(app: App, strategy: Strategy): Promise<Check> {
  const name = `store of ${strategy.name}`;
  const remedy = `look at strategies.${strategy.name}.settings and ${app.home.secrets[strategy.name]}`;
  return guarded(name, remedy, async () => {
    try {
      const { selftest, ended } = await selftestStore(app, strategy);
      const open = selftest.observations.filter(({ settled }) => !settled);
      if (ended.outcome !== 'ok' || open.length > 0 || !selftest.removed) {
        const words = ended.error?.message ?? open.map(({ question }) => question).join('; ');
        return failed(name, `its self-test did not end well: ${words}`, ended.error?.hint ?? remedy);
      }
      return ok(name, `works: ${selftest.observations.length} things tried`);
    } catch (thrown) {
      if (!(thrown instanceof HavenError)) throw thrown;
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
