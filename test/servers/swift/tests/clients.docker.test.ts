// The proof by a client that nobody of this project wrote: Debian's python-swiftclient, unchanged, by all three ways to sign in. Needs Docker.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { docker, type StartedSwift, startSwift } from './started-swift.ts';

const run = promisify(execFile);
const image = 'haven-swift-clients';
let swift: StartedSwift;
let client: string;

const v1 = () => `-A ${swift.url}/auth/v1.0 -U haven:backup -K havenpass`;
const keystone = (version: string) =>
  `--auth-version ${version[0]} --os-auth-url ${swift.url}/keystone/v${version}`;
const v2 = () => `${keystone('2.0')} --os-username backup --os-tenant-name haven`;
const v3 = (domain = 'Default') =>
  `${keystone('3')} --os-username backup --os-project-name haven --os-user-domain-name ${domain} --os-project-domain-name Default`;
const good = '--os-password keystonepass --os-region-name';

/** Given a script in which `swift` is the client, return what it wrote; throws when it fails. */
function inClient(script: string): Promise<{ stdout: string; stderr: string }> {
  return run('docker', ['exec', '-w', '/tmp', client, 'sh', '-euc', script]);
}

async function refusal(script: string): Promise<string> {
  const failure = await inClient(script).then(
    () => assert.fail('it was accepted'),
    (error: { stderr: string }) => error,
  );
  return failure.stderr;
}

before(async () => {
  swift = await startSwift();
  await docker('build', '-q', '-t', image, join(import.meta.dirname, '../clients'));
  client = await docker('run', '-d', '--init', '--rm', '--network', 'host', image, 'sleep', '3600');
  await inClient('head -c 3000001 /dev/urandom > part; head -c 0 /dev/null > empty');
});

after(async () => {
  if (client) await docker('rm', '-f', client);
  await swift?.dispose();
});

afterEach(async () => {
  assert.deepEqual(await swift.remainingFaults(), []);
  await swift.admin('DELETE requests');
});

for (const [name, sign] of [
  ['v1', v1],
  ['v2', () => `${v2()} ${good} GRA`],
  ['v3', () => `${v3()} ${good} SBG`],
] as const) {
  test(`signed in by ${name}, it stores, lists, reads back and deletes`, async () => {
    const s = `swift ${sign()}`;

    await inClient(`${s} post box-${name}; ${s} upload box-${name} part empty`);
    const list = (await inClient(`${s} list box-${name}`)).stdout;
    const stat = (await inClient(`${s} stat box-${name} part; md5sum part`)).stdout;
    await inClient(`${s} download -o back box-${name} part; cmp part back`);
    await inClient(`${s} delete box-${name} part`);
    const left = (await inClient(`${s} list box-${name}`)).stdout;

    assert.equal(list, 'empty\npart\n');
    assert.match(stat, /Content Length: 3000001\n[\s\S]*ETag: ([0-9a-f]{32})\n[\s\S]*\n\1 {2}part/);
    assert.equal(left, 'empty\n');
  });
}

test('a restart loses the tokens and keeps the data', async () => {
  await inClient(`swift ${v1()} upload kept part`);
  const token = (await inClient(`swift ${v1()} auth`)).stdout.match(/OS_AUTH_TOKEN=(.*)/)?.[1] ?? '';

  await swift.restart();

  const old = await fetch(`${swift.url}/v1/AUTH_haven`, { headers: { 'X-Auth-Token': token } });
  assert.equal(old.status, 401);
  await inClient(`swift ${v1()} download -o back kept part; cmp part back`);
});

describe('it refuses', () => {
  for (const [what, sign, said] of [
    ['a wrong password (v1)', () => v1().replace('havenpass', 'wrong'), /[Uu]nauthori[sz]ed/],
    ['a wrong password (v2)', () => `${v2()} --os-password wrong --os-region-name GRA`, /Unauthorized/],
    ['a wrong password (v3)', () => `${v3()} --os-password wrong --os-region-name GRA`, /Unauthorized/],
    ['a domain without that user', () => `${v3('Elsewhere')} ${good} GRA`, /Unauthorized/],
    ['a region without a store', () => `${v3()} ${good} BHS`, /Endpoint for object-store not found/],
  ] as const) {
    test(what, async () => {
      assert.match(await refusal(`swift ${sign()} stat`), said);
    });
  }

  test('more than a container’s quota, with 413', async () => {
    await inClient(`swift ${v1()} post -m quota-bytes:1000000 small`);

    assert.match(await refusal(`swift ${v1()} upload small part`), /413/);
  });

  test('more than the quota that the provider gave the account', async () => {
    const quota = (bytes: string) =>
      inClient(
        `swift -A ${swift.url}/auth/v1.0 -U operator:operator -K operatorpass --os-storage-url ${swift.url}/v1/AUTH_haven post -m quota-bytes:${bytes}`,
      );
    await quota('1');

    const said = await refusal(`swift ${v1()} upload full part`);

    await quota('');
    assert.match(said, /413/);
  });
});
