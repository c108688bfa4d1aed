/**
 * A private authority, made once and kept in the state folder (clients go on trusting it after a restart), and a server
 * certificate made at each start for the names asked for. Uses the `openssl` program: Node can not sign certificates.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificates {
  caPem: string;
  key: string;
  cert: string;
}

const GOOGLE_NAMES = ['www.googleapis.com', 'oauth2.googleapis.com', 'accounts.google.com'];
const LOCAL_NAMES = ['localhost', '127.0.0.1', 'drive'];

export async function makeCertificates(dir: string, extraNames: readonly string[]): Promise<Certificates> {
  const file = (name: string) => join(dir, name);
  if (!existsSync(file('ca.pem'))) {
    await makeAuthority(file);
  }
  const names = [...new Set([...GOOGLE_NAMES, ...LOCAL_NAMES, ...extraNames])];
  const wanted = names.join('\n');
  if (!existsSync(file('tls.names')) || readFileSync(file('tls.names'), 'utf8') !== wanted) {
    await signServer(file, names);
    writeFileSync(file('tls.names'), wanted);
  }
  const read = (name: string) => readFileSync(file(name), 'utf8');
  return { caPem: read('ca.pem'), key: read('tls.key'), cert: read('tls.pem') };
}

async function openssl(...args: string[]): Promise<void> {
  try {
    await run('openssl', args);
  } catch (cause) {
    throw new Error('openssl failed; is the package "openssl" installed?', { cause });
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

async function makeAuthority(file: (name: string) => string): Promise<void> {
  await openssl(
    ...['req', '-x509', ...NEW_KEY, '-keyout', file('ca.key'), '-out', file('ca.pem.new'), '-days', '3650'],
    ...['-subj', '/CN=Haven drive emulator (private test authority)'],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  );
  renameSync(file('ca.pem.new'), file('ca.pem'));
}

async function signServer(file: (name: string) => string, names: readonly string[]): Promise<void> {
  const san = names.map((name) => `${isIP(name) ? 'IP' : 'DNS'}:${name}`).join(',');
  writeFileSync(
    file('tls.ext'),
    `subjectAltName=${san}\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n`,
  );
  await openssl(
    'req',
    '-new',
    ...NEW_KEY,
    '-keyout',
    file('tls.key'),
    '-out',
    file('tls.csr'),
    '-subj',
    '/CN=drive',
  );
  await openssl(
    ...[
      'x509',
      '-req',
      '-in',
      file('tls.csr'),
      '-CA',
      file('ca.pem'),
      '-CAkey',
      file('ca.key'),
      '-CAcreateserial',
    ],
    ...['-days', '825', '-extfile', file('tls.ext'), '-out', file('tls.pem')],
  );
}
