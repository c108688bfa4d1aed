// The host's `haven kit export` and `check`: the real script, the real image, and folders that the controller's container does not have.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { docker } from '../../testing/docker-ground.ts';
import { canary, makeGround } from '../../testing/ground.ts';

const image = process.env.HAVEN_CONTROLLER_IMAGE ?? 'haven/controller';
const program = fileURLToPath(new URL('../../bin/haven-on-host', import.meta.url));

async function makeHost(context: TestContext) {
  const ground = makeGround(context);
  ground.writeConfig({ strategies: ['a', 'b'] });
  const drawer = mkdtempSync(join(tmpdir(), 'haven drawer-'));
  context.after(() => rmSync(drawer, { recursive: true, force: true }));
  const { name, folder } = ground;
  const labels = [`project=${name}`, 'service=controller'].flatMap((label) => [
    '--label',
    `com.docker.compose.${label}`,
  ]);
  const mounts = ['--volume', `${folder}:${folder}`, '--env', `HAVEN_HOME=${folder}`];
  await docker(
    'run',
    '--detach',
    '--name',
    name,
    '--network',
    'none',
    ...labels,
    ...mounts,
    image,
    'sleep',
    '600',
  );
  context.after(() => docker('rm', '--force', name));
  const haven = (...args: string[]) =>
    spawnSync(program, args, { cwd: drawer, encoding: 'utf8', env: { ...process.env, HAVEN_PROJECT: name } });
  return { ground, drawer, haven };
}

test('a kit goes to a folder of the host, named from where the owner stands, and is checked there', async (context) => {
  const { ground, drawer, haven } = await makeHost(context);
  mkdirSync(join(drawer, 'stick'));
  symlinkSync('stick', join(drawer, 'link'));

  const exported = haven('kit', 'export', 'stick/kit');
  const again = haven('--json', 'kit', 'export', join(drawer, 'link/kit'));
  const checked = haven('kit', 'check', '--offline', './link/kit');

  assert.equal(exported.status, 0, exported.stderr);
  assert.ok(exported.stdout.startsWith(`The recovery kit is in ${drawer}/stick/kit:\n`), exported.stdout);
  assert.doesNotMatch(exported.stdout, /WARNING|\/host/);
  assert.equal(readFileSync(join(drawer, 'stick/kit/b/passphrase'), 'utf8'), canary);
  assert.equal(statSync(join(drawer, 'stick/kit')).mode & 0o777, 0o700);
  assert.deepEqual([again.status, JSON.parse(again.stdout).error.code], [3, 'bad-request']);
  assert.equal(checked.status, 0, checked.stderr);
  assert.match(haven('status').stdout, /^(?!.*RECOVERY KIT)/s);
  assert.ok(existsSync(join(ground.folder, 'kit-exported.json')));
});

test('a kit as one encrypted file, with the passphrase in a file elsewhere', async (context) => {
  const { drawer, haven } = await makeHost(context);
  mkdirSync(join(drawer, 'elsewhere'));
  writeFileSync(join(drawer, 'elsewhere/words'), 'five words that no dog says\n');
  const words = '--passphrase-file=elsewhere/words';

  const exported = haven('kit', 'export', '--encrypted', words, 'kit.gpg');
  const checked = haven('kit', 'check', '--offline', 'kit.gpg', '--passphrase-file', 'elsewhere/words');

  assert.equal(exported.status, 0, exported.stderr);
  assert.equal(checked.status, 0, checked.stderr);
  assert.ok(!readFileSync(join(drawer, 'kit.gpg')).includes(canary));
});

test('into a folder that does not exist nothing is written, not even the folder', async (context) => {
  const { drawer, haven } = await makeHost(context);

  const { status, stderr } = haven('kit', 'export', 'no/kit');

  assert.equal(status, 3);
  assert.match(stderr, /there is no folder .*\/no\n/);
  assert.ok(!existsSync(join(drawer, 'no')));
});

test('Haven’s own folder does not count from the host either', async (context) => {
  const { ground, haven } = await makeHost(context);

  const { status, stdout } = haven('kit', 'export', join(ground.folder, 'copy'));

  assert.equal(status, 0);
  assert.match(stdout, /WARNING: .*does not count/);
  assert.ok(!existsSync(join(ground.folder, 'kit-exported.json')));
});
