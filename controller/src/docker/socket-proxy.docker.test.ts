// The optional proxy before Docker's socket: all that the controller asks goes through, and nothing else does.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { docker, ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { groundApp, makeGround } from '../../testing/ground.ts';
import { runBackup } from '../runs/backup.ts';
import { strategyB } from '../strategies/b.ts';
import { dockerEngine } from './engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'haven-socket-proxy-'));
const socket = join(folder, 'docker.sock');
let proxy = '';

before(async () => {
  await ensureNoop();
  await docker(
    'build',
    '--quiet',
    '--tag',
    'haven/socket-proxy',
    fileURLToPath(new URL('../../socket-proxy', import.meta.url)),
  );
  const confined = [
    '--read-only',
    '--network',
    'none',
    '--cap-drop',
    'ALL',
    '--security-opt',
    'no-new-privileges:true',
  ];
  const mounts = [
    '--volume',
    '/var/run/docker.sock:/var/run/docker.sock',
    '--volume',
    `${folder}:/run/haven-docker`,
  ];
  proxy = await docker('run', '--detach', ...confined, ...mounts, 'haven/socket-proxy');
  for (let tried = 0; tried < 100 && !existsSync(socket); tried += 1) await sleep(100);
});
after(async () => {
  await docker('rm', '--force', proxy);
  rmSync(folder, { recursive: true, force: true });
});

/** Asks through the proxy as anybody could who holds its socket; returns the status. */
function ask(method: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: socket, method, path }, (reply) => {
      reply.resume();
      resolve(reply.statusCode ?? 0);
    });
    asked.once('error', reject);
    asked.end();
  });
}

test('a backup goes through it from the version to the last container', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const app = { ...groundApp(context, ground), engine: dockerEngine(socket) };

  const summary = await runBackup(app, strategyB, { kind: 'auto', trigger: 'hand' });

  assert.equal(summary.outcome, 'ok', JSON.stringify(summary.error));
  assert.equal(await docker('ps', '--all', '--quiet', '--filter', `name=^/${ground.name}-`), '');
});

test('so does each call that only a bad day needs', async (context) => {
  const engine = dockerEngine(socket);
  const name = `haven-socket-proxy-${process.pid}`;
  context.after(() => removeAll(name));
  const outputs = () => {
    const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
    return {
      text: (of: 'stdout' | 'stderr') => Buffer.concat(chunks[of]).toString(),
      stdout: (chunk: Buffer) => void chunks.stdout.push(chunk),
      stderr: (chunk: Buffer) => void chunks.stderr.push(chunk),
    };
  };
  const live = outputs();
  const logged = outputs();

  assert.match(await engine.version(), /^\d/);
  assert.match((await engine.imageId('haven/noop')) ?? '', /^sha256:/);
  assert.equal(await engine.imageId('haven/there-is-none'), undefined);
  await engine.createVolume(`${name}-volume`, { 'haven.test': name });
  assert.deepEqual(await engine.volumes({ 'haven.test': name }), [`${name}-volume`]);
  assert.equal(await engine.volumeExists(`${name}-volume`), true);
  const id = await engine.create({
    name: `${name}-1`,
    Image: 'haven/noop',
    Entrypoint: ['sh', '-c', 'echo out; echo err >&2; trap "exit 7" TERM; sleep 60 & wait'],
  });
  const { ended } = await engine.attach(id, live);
  await engine.start(id);
  while (!live.text('stdout').includes('out')) await sleep(50);
  assert.deepEqual(
    (await engine.containers({ name: `${name}-1` })).map(({ running }) => running),
    [true],
  );
  await engine.stop(id, 10);
  assert.equal((await engine.wait(id)).exitCode, 7);
  await ended;
  await engine.logs(id, logged);
  await engine.remove(id);
  await engine.removeVolume(`${name}-volume`);

  for (const heard of [live, logged])
    assert.deepEqual([heard.text('stdout'), heard.text('stderr')], ['out\n', 'err\n']);
  assert.equal(await engine.volumeExists(`${name}-volume`), false);
});

const refused = [
  ['GET', '/_ping'],
  ['GET', '/info'],
  ['GET', '/events'],
  ['GET', '/containers/abc/archive?path=/etc/shadow'],
  ['PUT', '/containers/abc/archive?path=/etc'],
  ['GET', '/containers/abc/export'],
  ['POST', '/containers/abc/exec'],
  ['POST', '/v1.41/exec/abc/start'],
  ['POST', '/containers/abc/kill'],
  ['POST', '/containers/abc/update'],
  ['POST', '/containers/abc/rename?name=other'],
  ['POST', '/containers/prune'],
  ['POST', '/commit?container=abc'],
  ['POST', '/build'],
  ['POST', '/images/create?fromImage=debian'],
  ['DELETE', '/images/haven/noop'],
  ['POST', '/images/haven/noop/push'],
  ['POST', '/volumes/prune'],
  ['GET', '/networks'],
  ['POST', '/networks/create'],
  ['POST', '/swarm/init'],
  ['GET', '/secrets'],
  ['POST', '/plugins/pull'],
  ['GET', '/images/haven/../../containers/abc/export/json'],
  ['GET', '/images/haven%2f..%2fnoop/json'],
  ['GET', '//containers/json'],
  ['GET', '/v1.41/../containers/abc/export'],
  ['POST', '/containers/../exec/start'],
  ['HEAD', '/containers/abc/archive?path=/'],
] as const;

for (const [method, path] of refused) {
  test(`${method} ${path} is refused`, async () => {
    assert.equal(await ask(method, path), 403);
  });
}
