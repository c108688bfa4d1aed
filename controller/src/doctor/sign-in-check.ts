// Does Google still take the sign-in? Asked by the controller itself, so that a dead one is known before the next backup.
import { join } from 'node:path';
import type { App } from '../app.ts';
import { endpointsOf } from '../auth/endpoints.ts';
import { openHttp } from '../auth/http.ts';
import { existsBackup, keepSignIn, readSignIn, SignIn } from '../auth/sign-in-file.ts';
import { trySignIn } from '../auth/try-sign-in.ts';
import { bytes } from '../cli/words.ts';
import { HavenError } from '../errors.ts';
import { strategyB } from '../strategies/b.ts';
import { sectionOf } from '../strategies/configured.ts';
import { type Check, failed, guarded, ok, warn } from './check.ts';

const name = 'sign-in to Google';

/** A sign-in that works makes the one before it (`.bak`) needless; `fix` removes that. */
export function checkSignIn(app: App, fix: boolean): Promise<Check> {
  return guarded(name, '`haven auth google`', async () => {
    const path = join(app.home.secrets.b, 'google-oauth.json');
    const signIn = SignIn.safeParse(readSignIn(path));
    if (!signIn.success)
      return failed(
        name,
        `${path} holds no client_id, client_secret and refresh_token`,
        '`haven auth google`',
      );
    const endpoints = endpointsOf(sectionOf(app.config, strategyB).settings);
    const http = openHttp({ caPem: endpoints.caPem, signal: app.signal, timeoutMs: 15_000 });
    try {
      const { account, freeBytes } = await trySignIn(http, endpoints, signIn.data, app.now());
      const room = freeBytes === undefined ? 'space without a limit' : `${bytes(freeBytes)} free`;
      const detail = `works${account === undefined ? '' : `, as ${account}`}; ${room}`;
      if (!existsBackup(path)) return ok(name, detail);
      if (!fix) return warn(name, `${detail}; the one before still lies beside it`, '`haven doctor --fix`');
      keepSignIn(path, signIn.data);
      return ok(name, `${detail}; fixed: the one before is removed`);
    } catch (thrown) {
      const passing = thrown instanceof HavenError && thrown.report.code === 'try-later';
      if (!passing) throw thrown;
      return warn(
        name,
        `could not be tried: ${thrown.report.message}`,
        'check the network of the controller',
      );
    } finally {
      await http.close();
    }
  });
}
