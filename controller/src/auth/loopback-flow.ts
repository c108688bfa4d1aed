// The loopback flow (RFC 8252) with PKCE (RFC 7636): a browser on this machine, or at the other end of an ssh tunnel, or anywhere and its last
// address pasted. The code alone is worth nothing to whoever sees it: the verifier never leaves this process but to Google.
import { createHash, randomBytes } from 'node:crypto';
import { HavenError } from '../errors.ts';
import type { OauthClient } from './client.ts';
import type { Waiting } from './device-flow.ts';
import { type Endpoints, scope } from './endpoints.ts';
import { type Http, stopped } from './http.ts';
import { listenForReturn, type Verdict } from './loopback-server.ts';
import { denied, refusal } from './refusals.ts';
import { fromPasted, type Returned } from './returned-code.ts';
import { askToken, refreshTokenOf } from './token.ts';

export interface LoopbackFlow {
  http: Http;
  endpoints: Endpoints;
  client: OauthClient;
  waiting: Waiting;
  signal: AbortSignal;
  port: number;
  /** Lines that the owner pastes; may end at any time. */
  lines: AsyncIterable<string>;
  onReady(facts: { url: string; port: number; until: Date }): void;
  /** Something came back that did not do; the wait goes on. */
  onTrouble(message: string): void;
}

const waitMs = 15 * 60_000;

/** Waits for the browser's return; returns the refresh token. */
export async function signInByLoopback(flow: LoopbackFlow): Promise<string> {
  const { client, endpoints, waiting } = flow;
  const state = randomBytes(32).toString('base64url');
  const verifier = randomBytes(48).toString('base64url');
  const ended = new AbortController();
  const outcome = Promise.withResolvers<string>();
  outcome.promise.catch(() => {}); // awaited below; a refusal may come before that
  let redirectUri = '';
  let trying: Promise<unknown> = Promise.resolve();

  /** One at a time, so that two tabs do not use two codes. */
  function take(returned: Returned): Promise<Verdict> {
    const next = trying.then(() => tryOne(returned));
    trying = next.catch(() => {});
    return next;
  }

  async function tryOne(returned: Returned): Promise<Verdict> {
    if (ended.signal.aborted) return 'done';
    if ('refused' in returned) {
      if (returned.refused === 'denied') {
        outcome.reject(denied());
        return 'denied';
      }
      flow.onTrouble(
        returned.refused === 'other-sign-in'
          ? 'that address is of another sign-in: use the one shown here'
          : 'that is neither the address that the browser ended at nor a code',
      );
      return 'failed';
    }
    try {
      const form = {
        grant_type: 'authorization_code',
        code: returned.code,
        code_verifier: verifier,
        redirect_uri: redirectUri,
      };
      const reply = await askToken(flow.http, endpoints.token, client, form);
      if (reply.status !== 200) throw refusal(reply, 'loopback');
      outcome.resolve(refreshTokenOf(reply));
      return 'done';
    } catch (thrown) {
      if (!(thrown instanceof HavenError) || !canBeTriedAgain(thrown)) {
        outcome.reject(thrown);
        return 'failed';
      }
      flow.onTrouble(`${thrown.report.message}; open the address once more`);
      return 'failed';
    }
  }

  const server = await listenForReturn({ port: flow.port, state, onReturn: take });
  redirectUri = server.redirectUri;
  try {
    const url = consentUrl(flow, { state, verifier, redirectUri });
    flow.onReady({ url, port: server.port, until: new Date(waiting.now() + waitMs) });
    void readLines(flow.lines, ended.signal, (line) => take(fromPasted(line, state)));
    const signal = AbortSignal.any([flow.signal, ended.signal]);
    const late = waiting.sleep(waitMs, signal).then(
      () => Promise.reject(tooLate()),
      () => Promise.reject(stopped()),
    );
    return await Promise.race([outcome.promise, late]);
  } finally {
    ended.abort();
    await trying; // the browser is told before the door is shut
    server.close();
  }
}

/** A wrong or used code, or a network that was away, is no reason to give up. */
function canBeTriedAgain({ report }: HavenError): boolean {
  return report.code === 'try-later' || report.message === 'Google does not take this code';
}

function consentUrl(
  { endpoints, client }: LoopbackFlow,
  { state, verifier, redirectUri }: { state: string; verifier: string; redirectUri: string },
): string {
  const url = new URL(endpoints.consent);
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state,
    access_type: 'offline',
    // Without it a second sign-in gets no refresh token.
    prompt: 'consent',
  }).toString();
  return url.href;
}

async function readLines(
  lines: AsyncIterable<string>,
  signal: AbortSignal,
  take: (line: string) => Promise<unknown>,
): Promise<void> {
  try {
    for await (const line of lines) {
      if (signal.aborted) return;
      if (line.trim() !== '') await take(line);
    }
  } catch {
    // stdin may be closed or broken: the browser's own way is left.
  }
}

function tooLate(): HavenError {
  const minutes = waitMs / 60_000;
  return new HavenError({
    code: 'try-later',
    operation: 'sign in',
    message: `nothing came back from the browser within ${minutes} minutes`,
    hint: 'run it again; when the browser cannot reach this machine, paste the address that it ended at',
  });
}
