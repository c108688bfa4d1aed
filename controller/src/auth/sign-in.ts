// `haven auth google` from the first question to a sign-in that was seen working. The order makes it safe to kill at any instant: Google's
// grant is on disk before it is tried, and what it replaces goes only after that.
import { HavenError } from '../errors.ts';
import { type OauthClient, projectOf } from './client.ts';
import { type DeviceFlow, signInByDevice, type Waiting } from './device-flow.ts';
import type { Endpoints } from './endpoints.ts';
import { type Http, stopped } from './http.ts';
import { type LoopbackFlow, signInByLoopback } from './loopback-flow.ts';
import {
  keepSignIn,
  type PartialSignIn,
  placeSignIn,
  readSignIn,
  restoreSignIn,
  type SignIn,
} from './sign-in-file.ts';
import { type Tried, trySignIn } from './try-sign-in.ts';

export interface SignInRequest {
  path: string;
  client: OauthClient;
  endpoints: Endpoints;
  http: Http;
  waiting: Waiting;
  signal: AbortSignal;
  way:
    | { kind: 'device'; onCode: DeviceFlow['onCode'] }
    | { kind: 'loopback'; port: number; lines: AsyncIterable<string>; onReady: LoopbackFlow['onReady'] };
  onTrouble(message: string): void;
}

export interface SignedIn extends Tried {
  path: string;
  signedInAt: string;
  /** What the owner should know about the change from the sign-in before. */
  warnings: string[];
}

export async function signIn(request: SignInRequest): Promise<SignedIn> {
  const { path, client, waiting } = request;
  const before = readSignIn(path);
  const refresh_token = await consent(request);
  // Once Google has granted, only the disk may stop us: a grant that is not written down is lost.
  const fresh: SignIn = { ...client, refresh_token, signed_in_at: new Date(waiting.now()).toISOString() };
  placeSignIn(path, fresh);
  const tried = await tryOrRestore(request, fresh);
  keepSignIn(path, { ...fresh, ...(tried.account === undefined ? {} : { account: tried.account }) });
  return { ...tried, path, signedInAt: fresh.signed_in_at!, warnings: warningsOf(before, client, tried) };
}

function consent(request: SignInRequest): Promise<string> {
  const { way, signal } = request;
  if (signal.aborted) throw stopped();
  return way.kind === 'device'
    ? signInByDevice({ ...request, ...way })
    : signInByLoopback({ ...request, ...way });
}

async function tryOrRestore(
  { http, endpoints, path, waiting }: SignInRequest,
  fresh: SignIn,
): Promise<Tried> {
  try {
    return await trySignIn(http, endpoints, fresh, new Date(waiting.now()));
  } catch (thrown) {
    if (!(thrown instanceof HavenError)) throw thrown;
    const { report } = thrown;
    if (report.code === 'try-later' || report.code === 'interrupted') {
      const message = `signed in, but the sign-in could not be tried: ${report.message}`;
      const hint = `\`haven doctor\` tries it; the one before is kept as ${path}.bak until then`;
      throw new HavenError({ ...report, message, hint }, { cause: thrown });
    }
    const kept = restoreSignIn(path) ? 'the sign-in before is back in its place. ' : '';
    throw new HavenError({ ...report, hint: `${kept}${report.hint ?? ''}` }, { cause: thrown });
  }
}

function warningsOf(before: PartialSignIn | undefined, client: OauthClient, tried: Tried): string[] {
  const warnings: string[] = [];
  if (before?.client_id !== undefined && projectOf(before.client_id) !== projectOf(client.client_id))
    warnings.push(
      'this client belongs to another Google project: backups made with the one before cannot be seen by it. Keep the old recovery kit',
    );
  if (before?.account !== undefined && tried.account !== undefined && before.account !== tried.account)
    warnings.push(`this is another account: the backups made so far are in that of ${before.account}`);
  return warnings;
}
