// Does Swift take what it is given? Asked by strategy A's own image, which alone speaks to its store: a few small objects that it removes again.
import type { App } from '../app.ts';
import { HavenError } from '../errors.ts';
import { selftestStore } from '../runs/look.ts';
import { strategyA } from '../strategies/a.ts';
import { type Check, failed, guarded, ok, warn } from './check.ts';

const name = 'store of a';

export function checkSwift(app: App): Promise<Check> {
  return guarded(name, 'look at strategies.a.settings.auth and secrets/a/swift.json', async () => {
    try {
      const { selftest, ended } = await selftestStore(app, strategyA);
      const open = selftest.observations.filter(({ settled }) => !settled);
      if (ended.outcome !== 'ok' || open.length > 0 || !selftest.removed) {
        const words = ended.error?.message ?? open.map(({ question }) => question).join('; ');
        return failed(
          name,
          `its self-test did not end well: ${words}`,
          ended.error?.hint ?? '`haven doctor`',
        );
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
