import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { renderUnicodeCompact } from 'uqr';
import type { App } from '../../app.ts';
import { ask, linesOf, type Terminal } from '../../auth/ask.ts';
import { type OauthClient, readClientFile } from '../../auth/client.ts';
import { realWaiting } from '../../auth/device-flow.ts';
import { endpointsOf } from '../../auth/endpoints.ts';
import { openHttp } from '../../auth/http.ts';
import { type SignedIn, type SignInRequest, signIn } from '../../auth/sign-in.ts';
import { readSignIn } from '../../auth/sign-in-file.ts';
import { HavenError } from '../../errors.ts';
import { takeLock } from '../../history/lock.ts';
import { strategyB } from '../../strategies/b.ts';
import { sectionOf } from '../../strategies/configured.ts';
import { type Context, withApp } from '../context.ts';
import { bytes } from '../words.ts';

interface Options {
  client?: string;
  loopback?: boolean;
  port: number;
  json?: boolean;
}

export function authCommand(program: Command, context: Context): void {
  program
    .command('auth')
    .description('sign in to a store')
    .command('google')
    .description(
      'sign in to Google Drive: shows a code to be typed in on any device, keeps what Google grants, and tries it',
    )
    .option('--client <file>', 'the OAuth client, as the JSON that Google lets you download')
    .option('--loopback', 'by a browser that comes back to this machine, for a client of type "Desktop app"')
    .option('--port <number>', 'where --loopback waits on 127.0.0.1 (default: any free port)', port, 0)
    .addHelpText('after', help)
    .action(
      withApp(context, async (app, command) => {
        const done = await signInToGoogle(app, context, command.optsWithGlobals<Options>());
        return { data: { ...done }, text: textOf(done), exit: 0 };
      }),
    );
}

/** Leads a person through Google's consent; one at a time, and what is granted is on disk when this returns. */
export async function signInToGoogle(app: App, context: Context, options: Options): Promise<SignedIn> {
  const terminal: Terminal = { input: context.input ?? process.stdin, write: context.err };
  const tell = teller(context, options.json === true);
  const lock = takeLock(app.home.locks, 'sign-in');
  const endpoints = endpointsOf(sectionOf(app.config, strategyB).settings);
  const http = openHttp({ caPem: endpoints.caPem, signal: app.signal });
  try {
    const path = join(app.home.secrets.b, 'google-oauth.json');
    const client = await clientFor(app, path, options, terminal);
    return await signIn({
      ...{ path, client, endpoints, http, waiting: realWaiting, signal: app.signal },
      way: wayOf(options, app, terminal, tell, context.isTerminal),
      onTrouble: (message) => tell('trouble', { message }, `${message}; still waiting`),
    });
  } finally {
    lock.release();
    await http.close();
  }
}

async function clientFor(app: App, path: string, options: Options, terminal: Terminal): Promise<OauthClient> {
  if (options.client !== undefined) return readClientFile(options.client);
  const { client_id, client_secret } = readSignIn(path) ?? {};
  if (client_id !== undefined && client_secret !== undefined) return { client_id, client_secret };
  if (terminal.input.isTTY !== true || options.json === true) {
    throw new HavenError({
      code: 'bad-request',
      operation: 'find the OAuth client',
      message: 'there is no OAuth client yet, and nobody to ask for it',
      hint: 'name the file that Google lets you download: haven auth google --client FILE',
    });
  }
  const { signal } = app;
  const asked = {
    client_id: await ask(terminal, 'Client ID: ', { hidden: false, signal }),
    client_secret: await ask(terminal, 'Client secret (not shown): ', { hidden: true, signal }),
  };
  if (asked.client_id !== '' && asked.client_secret !== '') return asked;
  throw new HavenError({
    code: 'bad-request',
    operation: 'ask for the OAuth client',
    message: 'client ID and secret are both needed',
    hint: 'docs/operate/google-drive.md says where they come from',
  });
}

type Tell = (event: string, facts: Record<string, unknown>, text: string) => void;

/** On stderr: stdout is the answer's. With --json one JSON object a line. */
function teller({ err }: Context, json: boolean): Tell {
  return (event, facts, text) => err(json ? `${JSON.stringify({ event, ...facts })}\n` : `${text}\n`);
}

function wayOf(
  options: Options,
  app: App,
  terminal: Terminal,
  tell: Tell,
  drawn: boolean,
): SignInRequest['way'] {
  if (options.loopback === true) {
    return {
      kind: 'loopback',
      port: options.port,
      lines: linesOf(terminal, app.signal),
      onReady: ({ url, port: chosen, until }) =>
        tell('open', { url, port: chosen, until }, openText(url, chosen, until)),
    };
  }
  return {
    kind: 'device',
    onCode: ({ userCode, url, expiresAt, again }) =>
      tell('code', { userCode, url, expiresAt, again }, codeText(userCode, url, expiresAt, again, drawn)),
  };
}

function codeText(userCode: string, url: string, expiresAt: Date, again: boolean, drawn: boolean): string {
  return [
    ...(again ? ['That code has expired. A new one:'] : []),
    `Open  ${url}  on any device, and type in the code`,
    '',
    `    ${userCode}`,
    '',
    // The blocks are the white of it, whatever the terminal's colours: not every reader takes an inverted one.
    ...(drawn
      ? renderUnicodeCompact(url, { border: 2 })
          .split('\n')
          .map((line) => `\x1b[97;40m${line}\x1b[0m`)
      : []),
    `Waiting until ${expiresAt.toISOString()}; Ctrl-C stops.`,
  ].join('\n');
}

function openText(url: string, port: number, until: Date): string {
  return [
    'Open this address in a browser on this machine:',
    '',
    `    ${url}`,
    '',
    'A browser elsewhere finds back through a tunnel, opened there before:',
    '',
    `    ssh -L ${port}:127.0.0.1:${port} THIS-SERVER`,
    '',
    'or without one (always so in a container): when the browser says that it cannot connect, paste the address that it',
    `ended at here, and press Enter. Waiting until ${until.toISOString()}; Ctrl-C stops.`,
  ].join('\n');
}

function textOf({ account, freeBytes, path, warnings }: SignedIn): string {
  return [
    `Signed in${account === undefined ? '' : ` as ${account}`}; ${freeBytes === undefined ? 'space without a limit' : `${bytes(freeBytes)} free`}.`,
    `The sign-in is in ${path}.`,
    ...warnings.map((warning) => `WARNING: ${warning}.`),
    'The recovery kit must hold it too: haven kit export, and renew the copy off this server.',
  ].join('\n');
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number > 65535) throw new InvalidArgumentError('a port from 0 to 65535.');
  return number;
}

const help = `
Examples:
  haven auth google --client client_secret_….json    the first time
  haven auth google                                   again, with the same client
  haven auth google --loopback --port 8085            by a browser
  haven auth google --json                            code and address as JSON lines on stderr

The client must be of type "TVs and Limited Input devices", for --loopback of type "Desktop app":
docs/operate/google-drive.md leads through it.

EXIT STATUS
  0    signed in, and Google Drive answered
  1    failed
  3    the OAuth client, the command or the configuration is wrong: fix it
  11   Google was not reached, or nobody allowed access in time: run it again
  12   busy: another sign-in is under way
  22   access was denied, or what Google granted does not work
  23   the local disk is full
  143  interrupted`;
