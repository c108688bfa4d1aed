// Strategy A over TLS: a store whose certificate nobody vouches for gets neither password nor data; one that the owner's own authority vouches for does.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { createMachine } from './machine.ts';

/** Says each request that it passes on, and where Swift then says to go on, says so with the address that the client knows. */
const front = `
const { createServer } = require('node:https');
const { request } = require('node:http');
const { readFileSync } = require('node:fs');
const read = (name) => readFileSync('/tls/' + name);
createServer({ key: read('key.pem'), cert: read('cert.pem') }, (asked, answer) => {
  console.log(asked.method + ' ' + asked.url);
  const { method, url: path, headers } = asked;
  const onward = request({ host: 'swift', port: 8080, method, path, headers: { ...headers, host: 'swift:8080' } }, (got) => {
    const said = { ...got.headers };
    const place = 'x-storage-url';
    if (said[place]) said[place] = said[place].replace(/^https?:..[^/]*/, 'https://front:8443');
    answer.writeHead(got.statusCode, said);
    got.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  asked.pipe(onward);
}).listen(8443, () => console.log('listening'));
`;

test('a store is believed by its certificate alone: without its authority it gets no password and no byte', async (context) => {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  const folder = mkdtempSync(join(tmpdir(), 'haven-tls-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=front'];
  execFileSync(
    'openssl',
    [...make, '-addext', 'subjectAltName=DNS:front', '-keyout', 'key.pem', '-out', 'cert.pem'],
    { cwd: folder, stdio: 'pipe' },
  );
  const name = `${machine.swift.name}-front`;
  const on = ['--network', machine.swift.name, '--network-alias', 'front', '--volume', `${folder}:/tls:ro`];
  const server = ['--user', '0', '--entrypoint', 'node', 'haven/strategy-b', '--eval', front];
  await execa('docker', ['run', '--detach', '--name', name, ...on, ...server]);
  context.after(() => execa('docker', ['rm', '--force', name]));
  const heard = async () => (await execa('docker', ['logs', name], { all: true })).all;
  while (!(await heard()).includes('listening')) await new Promise((resolve) => setTimeout(resolve, 100));
  machine.write('letter', 'of which nobody may know');
  const url = 'https://front:8443/auth/v1.0';
  const caPem = readFileSync(join(folder, 'cert.pem'), 'utf8');

  const through = (auth: object) =>
    machine.run('backup', { settings: { auth: { version: 1, url, ...auth } } });

  const untrusted = await through({});
  const heardOfUntrusted = await heard();
  const trusted = await through({ caPem });

  assert.deepEqual([untrusted.status, heardOfUntrusted], [3, 'listening'], untrusted.stdout);
  assert.equal(trusted.status, 0, trusted.stdout);
  assert.match(await heard(), /^PUT \/v1\/AUTH_haven\/haven\/data\/haven-manifest/m);
  assert.ok((await machine.swift.list()).length > 3);
});
