// Proves on real ZFS and Docker what Haven builds on: a Docker volume that is a snapshot, delegated sending without privilege,
// a throwaway pool made in a container. Each test makes what it needs under a random name and takes it away again.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const onGround = fileURLToPath(new URL('./on-ground', import.meta.url));
const name = `havenproof${randomBytes(4).toString('hex')}`;
const scratch = `/var/lib/haven/${name}`;
const dataset = `${name}/my data`;
const snapshot = `${dataset}@a`;

/** Given a command, return what it did on the ground. */
function attempt(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(onGround, ['--no-sync', ...argv], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Given a command, return its output without the last line end; fails the test when it fails. */
function run(...argv: string[]): string {
  const { status, stdout, stderr } = attempt(...argv);
  assert.equal(status, 0, `${argv.join(' ')}: ${stderr}`);
  return stdout.replace(/\n$/, '');
}

/** Given how it is confined, return the arguments of a container with ZFS's own programs (the lab's /usr: the same Debian). */
function withZfs(...confinement: string[]): string[] {
  const mounts = ['--device', '/dev/zfs', '-v', '/usr:/usr:ro'];
  return [
    'docker',
    'run',
    '--rm',
    '--network',
    'none',
    '--cap-drop',
    'ALL',
    ...mounts,
    ...confinement,
    'debian:trixie-slim',
  ];
}

before(() => {
  assert.equal(
    attempt('test', '-f', '/etc/haven-lab').status,
    0,
    'this test runs only in the lab (HAVEN_GROUND=lab)',
  );
  run('mkdir', '-p', scratch);
  run('truncate', '-s', '1G', `${scratch}/pool.img`);
  run('zpool', 'create', '-o', 'cachefile=none', '-R', `${scratch}/alt`, name, `${scratch}/pool.img`);
  run('zfs', 'create', dataset);
  run('sh', '-c', 'echo "first text" >"$1/a file"', 'sh', `${scratch}/alt/${dataset}`);
  run('zfs', 'snapshot', snapshot);
  run('sh', '-c', 'echo "second text" >"$1/a file"', 'sh', `${scratch}/alt/${dataset}`);
});

after(() => {
  attempt('docker', 'volume', 'rm', '-f', name);
  attempt('zpool', 'destroy', '-f', name);
  attempt('rm', '-rf', '--one-file-system', scratch);
});

test('a Docker volume can be a snapshot: its old content, read-only, unmounted afterwards', () => {
  run(
    'docker',
    'volume',
    'create',
    '--driver',
    'local',
    '--opt',
    'type=zfs',
    '--opt',
    `device=${snapshot}`,
    '--opt',
    'o=ro',
    name,
  );
  const mount = ['--mount', `type=volume,source=${name},target=/source`];
  const inContainer = (script: string) =>
    attempt('docker', 'run', '--rm', ...mount, 'debian:trixie-slim', 'sh', '-c', script);

  const read = inContainer('cat "/source/a file"');
  const write = inContainer('touch /source/new');
  const mounted = run('cat', '/proc/mounts');

  assert.equal(read.stdout, 'first text\n');
  assert.match(write.stderr, /Read-only file system/);
  assert.doesNotMatch(mounted, /@a /);
});

test('a delegated user sends a snapshot from a container without any capability, but can change nothing', () => {
  // What Haven delegates, and no more (controller/src/doctor/zfs-checks.ts).
  run('zfs', 'allow', '-u', '1000', 'send,hold,release,bookmark', dataset);
  const user = withZfs('--user', '1000', '--security-opt', 'no-new-privileges', '--read-only');
  const other = withZfs('--user', '1001', '--security-opt', 'no-new-privileges', '--read-only');

  const sent = run(
    'bash',
    '-o',
    'pipefail',
    '-c',
    '"$@" | sha256sum',
    'bash',
    ...user,
    'zfs',
    'send',
    snapshot,
  );
  const expected = run('bash', '-o', 'pipefail', '-c', 'zfs send "$1" | sha256sum', 'bash', snapshot);
  // In one container: each takes the lab seconds to start.
  const changes = [
    'zfs destroy "$2"',
    'zfs destroy -r "$1"',
    'zfs rollback -r "$2"',
    'zfs rename "$2" "$1@renamed"',
    'zfs snapshot "$1@another"',
    'zfs set readonly=on "$1"',
    'zfs create "$1/child"',
    'zfs clone "$2" "$1-clone"',
  ];
  const script = changes.map((change) => `${change} 2>&1 && echo DONE`).join('\n');
  const refusals = attempt(...user, 'sh', '-c', script, 'sh', dataset, snapshot)
    .stdout.trim()
    .split('\n');
  const stranger = attempt(...other, 'sh', '-c', 'zfs send "$1" >/dev/null', 'sh', snapshot);

  assert.equal(sent, expected);
  assert.equal(refusals.length, changes.length, refusals.join('\n'));
  for (const [n, said] of refusals.entries()) assert.match(said, /permission denied/i, changes[n]);
  assert.match(stranger.stderr, /permission denied/);
  assert.equal(run('zfs', 'list', '-H', '-o', 'name', snapshot), snapshot);
});

test('a throwaway pool is made, scrubbed and destroyed in a container with SYS_ADMIN alone', () => {
  const throwaway = `${name}throwaway`;
  const script = `set -e; cd ${scratch}; truncate -s 256M d.img
    zpool create -o cachefile=none -R ${scratch}/drill -m none ${throwaway} ${scratch}/d.img
    zpool scrub -w ${throwaway}; zpool list -H -o health ${throwaway}; zpool destroy ${throwaway}; rm d.img`;
  const drill = withZfs(
    '--cap-add',
    'SYS_ADMIN',
    '--security-opt',
    'apparmor=unconfined',
    '-v',
    `${scratch}:${scratch}`,
  );

  const health = run(...drill, 'sh', '-c', script);

  assert.equal(health, 'ONLINE');
  assert.doesNotMatch(run('zpool', 'list', '-H', '-o', 'name'), new RegExp(throwaway));
});

test('an argument arrives on the ground as it was given', () => {
  const odd = ['two words', 'a\nline', "it's", '$HOME', '', '*', 'say "x"', '\\'];

  const arrived = run('printf', '<%s>', ...odd);

  assert.equal(arrived, odd.map((argument) => `<${argument}>`).join(''));
});

test("the exit status on the ground is the command's", () => {
  const { status } = attempt('sh', '-c', 'exit 42');

  assert.equal(status, 42);
});

test('the tree on the ground follows this one: new files come, deleted files go', () => {
  const file = fileURLToPath(new URL(`./${name} new file`, import.meta.url));
  const synced = (...argv: string[]) => spawnSync(onGround, argv, { encoding: 'utf8' });
  writeFileSync(file, 'new');

  const there = synced('cat', `test/lab/${name} new file`);
  rmSync(file);
  const gone = synced('test', '-e', `test/lab/${name} new file`);

  assert.equal(there.stdout, 'new');
  assert.equal(gone.status, 1);
});

test('what is piped in arrives on the ground', () => {
  const { stdout } = spawnSync(onGround, ['--no-sync', 'cat'], { encoding: 'utf8', input: 'piped' });

  assert.equal(stdout, 'piped');
});
