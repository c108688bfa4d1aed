// The device flow (RFC 8628): a code on this screen, typed in on any other. Fits a server: no browser, no port.
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { HavenError } from '../errors.ts';
import type { OauthClient } from './client.ts';
import { type Endpoints, scope } from './endpoints.ts';
import { type Http, type Reply, stopped } from './http.ts';
import { errorName, isPassing, refusal } from './refusals.ts';
import { askToken, refreshTokenOf } from './token.ts';

export interface Waiting {
  now(): number;
  /** Rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const realWaiting: Waiting = {
  now: Date.now,
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};

export interface DeviceFlow {
  http: Http;
  endpoints: Endpoints;
  client: OauthClient;
  waiting: Waiting;
  signal: AbortSignal;
  onCode(code: { userCode: string; url: string; expiresAt: Date; again: boolean }): void;
  /** The network is away: polling goes on. */
  onTrouble(message: string): void;
}

const DeviceCode = z.object({
  device_code: z.string().min(1),
  user_code: z.string().min(1).max(60),
  // Google's name for it, and the standard's.
  verification_url: z.url({ protocol: /^https?$/ }).optional(),
  verification_uri: z.url({ protocol: /^https?$/ }).optional(),
  expires_in: z.number().positive(),
  interval: z.number().positive().default(5),
});

/** Half an hour each: who has not come by then is not at the screen. */
const maxCodes = 3;

/** Shows codes until one is approved; returns the refresh token. */
export async function signInByDevice(flow: DeviceFlow): Promise<string> {
  for (let codes = 1; codes <= maxCodes; codes += 1) {
    const token = await tryOneCode(flow, codes > 1);
    if (token !== 'expired') return token;
  }
  throw new HavenError({
    code: 'try-later',
    operation: 'sign in',
    message: `nobody allowed access: ${maxCodes} codes expired`,
    hint: 'run it again when you are at the screen',
  });
}

async function tryOneCode(flow: DeviceFlow, again: boolean): Promise<string | 'expired'> {
  const { http, endpoints, client, waiting, signal } = flow;
  const code = deviceCodeIn(
    await http.postForm(endpoints.deviceCode, { client_id: client.client_id, scope }),
  );
  const expiresAt = waiting.now() + code.expires_in * 1000;
  flow.onCode({ userCode: code.user_code, url: code.url, expiresAt: new Date(expiresAt), again });
  let interval = code.interval;
  const form = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: code.device_code };
  while (waiting.now() < expiresAt) {
    await waiting.sleep(interval * 1000, signal).catch(() => {
      throw stopped();
    });
    const reply = await askToken(http, endpoints.token, client, form).catch((thrown: unknown) => {
      if (!(thrown instanceof HavenError) || thrown.report.code !== 'try-later') throw thrown;
      flow.onTrouble(thrown.report.message);
      return undefined;
    });
    if (reply === undefined) continue;
    if (reply.status === 200) return refreshTokenOf(reply);
    switch (errorName(reply)) {
      case 'authorization_pending':
        break;
      case 'slow_down':
        interval += 5;
        break;
      case 'expired_token':
        return 'expired';
      default:
        if (!isPassing(reply)) throw refusal(reply, 'device');
        flow.onTrouble(`Google answered HTTP ${reply.status}`);
    }
  }
  return 'expired';
}

function deviceCodeIn(reply: Reply): z.infer<typeof DeviceCode> & { url: string } {
  if (reply.status !== 200) throw refusal(reply, 'device');
  const code = DeviceCode.safeParse(reply.body);
  const url = code.data?.verification_url ?? code.data?.verification_uri;
  if (!code.success || url === undefined) {
    const message = 'Google gave no code that can be used';
    throw new HavenError({ code: 'try-later', operation: 'sign in', message, hint: 'run it again later' });
  }
  return { ...code.data, url };
}
