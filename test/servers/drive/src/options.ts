/** The command line. */
import { parseArgs } from 'node:util';

export interface Options {
  state: string;
  https: number;
  http: number;
  proxy: number;
  names: string[];
  clients: { id: string; secret: string }[];
  refreshTokens: string[];
  keepRemoved: boolean;
  /** A folder of objects that are all there is from the start. */
  load: string | null;
}

export const HELP = `Usage: node main.ts --state DIR [options]

Stands in for Google Drive v3 and its OAuth server: strict, stateful, and able to fail on purpose.

  --state DIR            where everything is kept; a restart on the same folder is the same Google (required)
  --https PORT           TLS, certificate by the private authority in DIR/ca.pem (8443)
  --http PORT            plain HTTP, with the admin surface below /_emulator/ (8080)
  --proxy PORT           CONNECT proxy that leads every name to the TLS port (8888)
  --name HOST            a further name in the certificate; repeatable
  --client ID:SECRET     an OAuth client that exists from the start; repeatable
  --refresh-token TOKEN  a refresh token of the last --client, scope drive.file; repeatable
  --keep-removed         keep what is deleted or abandoned in DIR/removed, for searches of everything received
  --load DIR             forget what is stored, and hold the objects of DIR/objects.json instead, as files of the last --client
  --help                 this text

A port of 0 takes any free one; the line "ready" on stdout is JSON and names them.
Exit status: 0 after SIGTERM or SIGINT, 1 when it can not start, 2 for a wrong command line.
`;

/** Given the arguments, return the options, or 'help'; throws with the remedy for anything unknown. */
export function parseOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      state: { type: 'string' },
      https: { type: 'string', default: '8443' },
      http: { type: 'string', default: '8080' },
      proxy: { type: 'string', default: '8888' },
      name: { type: 'string', multiple: true, default: [] },
      client: { type: 'string', multiple: true, default: [] },
      'refresh-token': { type: 'string', multiple: true, default: [] },
      'keep-removed': { type: 'boolean', default: false },
      load: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    return 'help';
  }
  if (values.state === undefined) {
    throw new Error('--state DIR is missing');
  }
  if (values['refresh-token'].length > 0 && values.client.length === 0) {
    throw new Error('--refresh-token needs a --client before it');
  }
  if (values.load !== undefined && values.client.length === 0) {
    throw new Error('--load needs a --client: files are seen by the client that made them');
  }
  return {
    state: values.state,
    https: port(values.https, '--https'),
    http: port(values.http, '--http'),
    proxy: port(values.proxy, '--proxy'),
    names: values.name,
    clients: values.client.map(client),
    refreshTokens: values['refresh-token'],
    keepRemoved: values['keep-removed'],
    load: values.load ?? null,
  };
}

function port(text: string, option: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 65535) {
    throw new Error(`${option} takes a port from 0 to 65535, not "${text}"`);
  }
  return number;
}

function client(text: string): { id: string; secret: string } {
  const colon = text.indexOf(':');
  if (colon < 1) {
    throw new Error('--client takes ID:SECRET');
  }
  return { id: text.slice(0, colon), secret: text.slice(colon + 1) };
}
