// Small exchanges with Google's sign-in: a form out, JSON back. Every one has a deadline, a largest answer, and no redirect.
// undici's own Agent, because Node's built-in fetch cannot be told a private authority.
import { rootCertificates } from 'node:tls';
import { Agent, request } from 'undici';
import { HavenError } from '../errors.ts';

export interface Reply {
  status: number;
  body: Record<string, unknown>;
}

export interface Http {
  /** Throws try-later when there was no answer, interrupted when we were told to stop. */
  postForm(url: string, form: Record<string, string>): Promise<Reply>;
  getJson(url: string, accessToken: string): Promise<Reply>;
  close(): Promise<void>;
}

export interface HttpOptions {
  caPem: string | undefined;
  signal: AbortSignal;
  timeoutMs?: number;
}

const largestAnswer = 2 ** 20;

export function openHttp({ caPem, signal, timeoutMs = 30_000 }: HttpOptions): Http {
  const ca = caPem === undefined ? {} : { ca: [...rootCertificates, caPem] };
  const dispatcher = new Agent({ connect: { ...ca, timeout: timeoutMs }, maxResponseSize: largestAnswer });

  async function ask(url: string, how: object): Promise<Reply> {
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await request(url, { ...how, dispatcher, signal: AbortSignal.any([signal, deadline]) });
      return { status: answer.statusCode, body: asObject(await answer.body.text()) };
    } catch (cause) {
      if (signal.aborted) throw stopped();
      throw notReached(url, deadline.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(cause));
    }
  }

  return {
    postForm: (url, form) =>
      ask(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: new URLSearchParams(form).toString(),
      }),
    getJson: (url, accessToken) =>
      ask(url, {
        method: 'GET',
        headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' },
      }),
    close: () => dispatcher.destroy(),
  };
}

export function stopped(): HavenError {
  return new HavenError({ code: 'interrupted', operation: 'sign in', message: 'stopped by request' });
}

/** Only the host is named, and the error's code: a URL or a library's message may carry a secret. */
function notReached(url: string, why: string): HavenError {
  const { host } = new URL(url);
  const trust = /CERT|SIGNED|ISSUER|VERIFY/.test(why);
  return new HavenError({
    code: 'try-later',
    operation: 'sign in',
    subject: host,
    message: `${host} was not reached (${why})`,
    hint: trust
      ? 'its certificate is not trusted here: a private authority belongs into strategies.b.settings.api.caPem'
      : 'check the network, then run it again',
  });
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown;
  const { code } = thrown as { code?: unknown };
  return typeof code === 'string' ? code : thrown.name;
}

/** What is no JSON object (a proxy's page, say) is an answer without fields. */
function asObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
