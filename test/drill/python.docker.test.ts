// The same Python tests with the interpreter and the modules of the image.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const images = fileURLToPath(new URL('../../images', import.meta.url));

test('the drill’s Python tests pass in the image', async () => {
  const args = ['run', '--rm', '--user', '0', '--network', 'none', '--entrypoint', 'python3'];
  args.push('--volume', `${images}/drill/tests:/images/drill/tests:ro`);
  args.push('--volume', `${images}/contract:/images/contract:ro`, '--volume', '/var/tmp');
  args.push('--workdir', '/images/drill');

  const run = await execa(
    'docker',
    [...args, 'haven/drill', '-m', 'unittest', 'discover', '-t', '.', '-s', 'tests'],
    { all: true, reject: false },
  );

  assert.equal(run.exitCode, 0, run.all);
  assert.match(run.all, /^Ran \d{2,} tests/m, 'tests were found');
});
