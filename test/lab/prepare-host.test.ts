// The ways in which a machine cannot be prepared, played with fake programs: nothing real is installed or asked.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const prepareHost = fileURLToPath(new URL('./prepare-host', import.meta.url));
const realTools = [
  'bash',
  'sh',
  'env',
  'dirname',
  'cat',
  'sed',
  'awk',
  'mkdir',
  'sha256sum',
  'cut',
  'grep',
  'paste',
  'xargs',
  'setsid',
  'timeout',
  'mv',
];

/** A machine on which nothing is missing and all goes well; tests replace single programs of it. */
const completeMachine = {
  uname: 'echo x86_64',
  id: 'echo 0',
  df: 'echo head; echo "disk 1 1 99999999 1% /"',
  docker: 'exit 0',
  dockerd: 'exit 0',
  systemctl: 'exit 0',
  iptables: 'exit 0',
  ip: 'exit 0',
  mmdebstrap: 'exit 0',
  ssh: 'exit 0',
  mke2fs: 'exit 0',
  unshare: 'exit 0',
  git: 'exit 0',
  npm: 'exit 0',
  sleep: 'exit 0',
  'apt-cache': 'exit 1',
  'apt-get': 'echo "$@" >>"$CALLS"',
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'haven-prepare-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Given programs that differ from the complete machine's (null: not there), return how preparing it ended. */
function prepare(different: Record<string, string | null>, osRelease = 'ID=debian\n') {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const tool of realTools) {
    const real = ['/usr/bin', '/bin'].map((place) => join(place, tool)).find((path) => existsSync(path));
    assert.ok(real, tool);
    symlinkSync(real, join(bin, tool));
  }
  for (const [program, script] of Object.entries({ ...completeMachine, ...different })) {
    if (script !== null) writeFileSync(join(bin, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  writeFileSync(join(folder, 'os-release'), osRelease);
  const { status, stderr } = spawnSync(prepareHost, {
    encoding: 'utf8',
    env: {
      PATH: bin,
      CALLS: join(folder, 'calls'),
      HAVEN_CACHE: join(folder, 'cache'),
      HAVEN_OS_RELEASE: join(folder, 'os-release'),
      HAVEN_ZFS_DEVICE: join(folder, 'no-zfs'),
    },
  });
  return { status, said: stderr.trim().split('\n'), installed: existsSync(join(folder, 'calls')) };
}

test('a machine that has everything is left alone', () => {
  const { status, said, installed } = prepare({});

  assert.deepEqual({ status, said, installed }, { status: 0, said: [''], installed: false });
});

test('a missing program is installed', () => {
  const { status, said, installed } = prepare({
    mmdebstrap: null,
    'apt-get': 'echo "$@" >>"$CALLS"; exit 0',
  });

  assert.equal(status, 0, said.join('\n'));
  assert.equal(installed, true);
});

test('whoever is not root is told to become root', () => {
  const { status, said, installed } = prepare({ id: 'echo 1000', dockerd: null });

  assert.equal(status, 10);
  assert.match(said.at(-1) ?? '', /sudo/);
  assert.equal(installed, false);
});

test('an unknown distribution is named and left alone', () => {
  const { status, said, installed } = prepare({ dockerd: null }, 'ID=fedora\n');

  assert.equal(status, 11);
  assert.match(said.at(-1) ?? '', /'fedora'.*by hand/);
  assert.equal(installed, false);
});

test('a derivative of Ubuntu is prepared like Ubuntu', () => {
  const { status } = prepare({ dockerd: null }, 'ID=linuxmint\nID_LIKE="ubuntu debian"\n');

  assert.equal(status, 0);
});

test('another architecture cannot run the lab, and hears so', () => {
  const { status, said, installed } = prepare({ uname: 'echo aarch64' });

  assert.equal(status, 12);
  assert.match(said.at(-1) ?? '', /aarch64.*x86_64/);
  assert.equal(installed, false);
});

test('too little disk is refused before anything is installed, with both numbers', () => {
  const { status, said, installed } = prepare({
    df: 'echo head; echo "disk 1 1 3145728 1% /"',
    dockerd: null,
  });

  assert.equal(status, 13);
  assert.match(said.at(-1) ?? '', /has 3 GB free.*needs 12 GB.*HAVEN_CACHE/);
  assert.equal(installed, false);
});

test('packages that cannot be fetched make one sentence about the network', () => {
  const { status, said } = prepare({ dockerd: null, 'apt-get': 'exit 100' });

  assert.equal(status, 14);
  assert.match(said.at(-1) ?? '', /network/);
});

test('a Docker daemon that never answers is an error with its log', () => {
  const { status, said } = prepare({ docker: 'exit 1' });

  assert.equal(status, 15);
  assert.match(said.at(-1) ?? '', /Docker does not start.*dockerd\.log/);
});

test('base images that can neither be pulled nor made are an error', () => {
  const docker = 'case $1 in image|pull|import) exit 1 ;; esac';

  const { status, said } = prepare({ docker, mmdebstrap: 'exit 1' });

  assert.equal(status, 16);
  assert.match(said.at(-1) ?? '', /base images/);
});
