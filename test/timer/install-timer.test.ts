// controller/bin/install-timer with a systemctl that writes down what it is asked; systemd's own word on the units is asked where it is installed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../controller/bin/install-timer', import.meta.url));

function makeHost(context: TestContext, systemd = true) {
  const folder = mkdtempSync(join(tmpdir(), 'haven-timer-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const [units, bin, calls] = [join(folder, 'units'), join(folder, 'bin'), join(folder, 'calls')];
  for (const made of [units, bin]) mkdirSync(made);
  writeFileSync(calls, '');
  if (systemd) {
    writeFileSync(join(bin, 'systemctl'), `#!/bin/sh\necho "$*" >>'${calls}'\n`);
    chmodSync(join(bin, 'systemctl'), 0o755);
  }
  for (const tool of ['sh', 'cat', 'mv', 'rm', 'head', 'dirname', 'readlink'])
    spawnSync('ln', ['-s', spawnSync('which', [tool], { encoding: 'utf8' }).stdout.trim(), join(bin, tool)]);
  return {
    units,
    calls: () => readFileSync(calls, 'utf8').split('\n').filter(Boolean),
    run: (...args: string[]) =>
      spawnSync(program, args, { encoding: 'utf8', env: { PATH: bin, HAVEN_SYSTEMD_DIR: units } }),
  };
}

test('it writes both units, starts the timer, and takes all of it away again', (context) => {
  const host = makeHost(context);

  assert.equal(host.run().status, 0);
  assert.deepEqual(readdirSync(host.units), ['haven-tick.service', 'haven-tick.timer']);
  assert.match(readFileSync(join(host.units, 'haven-tick.service'), 'utf8'), /ExecStart=.* haven tick\n/);
  assert.deepEqual(host.calls(), ['daemon-reload', 'enable --now haven-tick.timer']);
  assert.equal(host.run().status, 0, 'again, over its own');
  assert.equal(host.run('--remove').status, 0);
  assert.deepEqual(readdirSync(host.units), []);
  assert.deepEqual(host.calls().slice(-2), ['disable --now haven-tick.timer', 'daemon-reload']);
});

test('a unit of somebody else is neither overwritten nor removed', (context) => {
  const host = makeHost(context);
  const path = join(host.units, 'haven-tick.timer');
  writeFileSync(path, '[Timer]\nOnCalendar=daily\n');

  for (const args of [[], ['--remove']]) {
    const { status, stderr } = host.run(...args);
    assert.equal(status, 3);
    assert.match(stderr, /haven-tick\.timer is there, and Haven did not write it/);
  }
  assert.equal(readFileSync(path, 'utf8'), '[Timer]\nOnCalendar=daily\n');
  assert.ok(!existsSync(join(host.units, 'haven-tick.service')));
  assert.deepEqual(host.calls(), []);
});

test('without systemd it says what to do instead, and a wrong option is refused', (context) => {
  const host = makeHost(context, false);

  const { status, stderr } = host.run();
  assert.equal(status, 1);
  assert.match(stderr, /no systemd here: call `haven tick` from cron/);
  assert.equal(host.run('--purge').status, 3);
});

test('systemd itself takes the units', {
  skip: spawnSync('systemd-analyze').error !== undefined,
}, (context) => {
  const host = makeHost(context);
  host.run();

  const files = ['haven-tick.service', 'haven-tick.timer'].map((name) => join(host.units, name));
  const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], { encoding: 'utf8' });
  assert.doesNotMatch(stderr, /haven-tick\.(service|timer):\d+|Unknown|Failed to parse/);
});
