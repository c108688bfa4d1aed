// Is it the time that this machine believes? Backups are chosen by age, sign-ins and certificates expire: a clock that is wrong breaks all three.
import { request } from 'undici';
import type { App } from '../app.ts';
import { duration } from '../cli/words.ts';
import { sectionOf } from '../strategies/configured.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { type Check, failed, guarded, ok, warn } from './check.ts';

export interface OtherClock {
  host: string;
  time: Date;
}

const remedy = 'set the clock, and let it be kept: apt install systemd-timesyncd, or chrony';
/** Debian 13, which Haven's images build upon, is no older. */
const born = Date.UTC(2025, 7, 9);

/** `other` is the clock of a store, where one was reached. */
export function checkClock(app: App, other: OtherClock | undefined): Promise<Check> {
  return guarded('clock', remedy, async () => {
    const now = app.now();
    const said = now.toISOString().replace(/\.\d+Z$/, 'Z');
    if (now.getTime() < born) return failed('clock', `it says ${said}, which is past`, remedy);
    const [newest] = app.history.runs({ limit: 1 });
    if (newest !== undefined && Date.parse(newest.started) - now.getTime() > 60_000) {
      const detail = `it says ${said}, but a run began at ${newest.started}: it was set back`;
      return failed('clock', detail, remedy);
    }
    if (other === undefined) return ok('clock', `${said}; no store’s clock to compare it with`);
    const apart = Math.abs(now.getTime() - other.time.getTime()) / 1000;
    const detail = `${said}; ${duration(apart)} apart from ${other.host}`;
    // Google and Keystone refuse or misjudge tokens from some minutes on.
    if (apart > 300) return failed('clock', detail, remedy);
    if (apart > 30) return warn('clock', detail, remedy);
    return ok('clock', detail);
  });
}

/** Given the strategies, return the clock of the first store that answers; nothing is sent but a request for its front page. */
export async function askClock(app: App, strategies: Strategy[]): Promise<OtherClock | undefined> {
  for (const strategy of strategies) {
    const url = strategy.addressOf(sectionOf(app.config, strategy).settings);
    const time = url === undefined ? undefined : await dateOf(url, app.signal);
    if (url !== undefined && time !== undefined) return { host: new URL(url).host, time };
  }
  return undefined;
}

async function dateOf(url: string, signal: AbortSignal): Promise<Date | undefined> {
  try {
    const { headers, body } = await request(new URL('/', url), {
      method: 'HEAD',
      signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
    });
    await body.dump();
    const time = new Date(String(headers.date));
    return Number.isNaN(time.getTime()) ? undefined : time;
  } catch {
    // A store that cannot be reached is told by the check of that store.
    return undefined;
  }
}
