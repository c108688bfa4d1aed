/** The image: small, unprivileged, healthy by itself, and the same Google after a restart. Needs Docker and the built image. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

const IMAGE = 'haven/drive-emulator';
const NAME = `haven-drive-image-${process.pid}`;
const LOGIN = ['--client', 'id:secret', '--refresh-token', 'refresh'];
const run = promisify(execFile);

async function docker(...args: string[]): Promise<string> {
  return (await run('docker', args)).stdout.trim();
}

async function healthy(): Promise<void> {
  const deadline = Date.now() + 60_000;
  while ((await docker('inspect', '-f', '{{.State.Health.Status}}', NAME)) !== 'healthy') {
    assert.ok(Date.now() < deadline, 'not healthy within a minute');
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function url(): Promise<string> {
  return `http://${await docker('port', NAME, '8080/tcp')}`;
}

before(async () => {
  await docker('image', 'inspect', IMAGE).catch(() => {
    throw new Error(`build ${IMAGE} first, as test/servers/drive/README.md says`);
  });
  await docker(
    'run',
    '-d',
    '--init',
    '--name',
    NAME,
    '--cap-drop',
    'ALL',
    '--read-only',
    '--tmpfs',
    '/tmp',
    '-p',
    '127.0.0.1::8080',
    IMAGE,
    ...LOGIN,
  );
  await healthy();
});
after(() => docker('rm', '-f', '-v', NAME));

test('it runs as nobody special, without capabilities, on a read-only root', async () => {
  const status = await docker('exec', NAME, 'sh', '-c', 'cat /proc/1/status; id -u');

  assert.match(status, /^CapEff:\s+0+$/m);
  assert.match(status, /\n1000$/);
});

test('what was answered survives a kill of the container', async () => {
  const login = 'grant_type=refresh_token&client_id=id&client_secret=secret&refresh_token=refresh';
  const { access_token } = (await (
    await fetch(`${await url()}/token`, { method: 'POST', body: login })
  ).json()) as {
    access_token: string;
  };
  const headers = { Authorization: `Bearer ${access_token}`, 'Content-Type': 'application/json' };
  const created = await fetch(`${await url()}/drive/v3/files`, {
    method: 'POST',
    headers,
    body: '{"name":"kept"}',
  });
  const { id } = (await created.json()) as { id: string };

  await docker('kill', NAME);
  await docker('start', NAME);
  await healthy();

  const again = await fetch(`${await url()}/drive/v3/files/${id}?fields=name`, { headers });
  assert.deepEqual(await again.json(), { name: 'kept' });
});

test('it stops at once when asked', async () => {
  const start = Date.now();

  await docker('stop', '-t', '30', NAME);

  assert.ok(Date.now() - start < 10_000);
  assert.equal(await docker('inspect', '-f', '{{.State.ExitCode}}', NAME), '0');
});
