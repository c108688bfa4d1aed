// Strategy A's store, in its own image, against a real Swift: every way to sign in, and every fault of the test server by name.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type StartedSwift, startSwift } from '../servers/swift/tests/started-swift.ts';
import { image } from './machine.ts';

const strategy = fileURLToPath(new URL('../../images/strategy-a', import.meta.url));
let swift: StartedSwift;
before(async () => {
  swift = await startSwift();
});
after(() => swift.dispose());

test('the store keeps its promises on a real Swift', async () => {
  const args = ['run', '--rm', '--user', '0', '--network', `container:${swift.container}`];
  args.push(
    '--entrypoint',
    'python3',
    '--env',
    'PYTHONPATH=/opt/haven',
    '--env',
    'PYTHONDONTWRITEBYTECODE=1',
  );
  args.push(
    '--volume',
    `${strategy}/tests_on_swift:/strategy-a/tests_on_swift:ro`,
    '--workdir',
    '/strategy-a',
  );
  args.push(image, '-m', 'unittest', 'discover', '-v', '-t', '.', '-s', 'tests_on_swift');

  const run = await execa('docker', args, { all: true, reject: false });

  assert.equal(run.exitCode, 0, run.all);
  assert.match(run.all, /^Ran \d{2,} tests/m, 'tests were found');
  assert.doesNotMatch(run.all, /skipped/);
});
