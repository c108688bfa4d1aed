// The same Python tests with the interpreter, the gpg and the modules of the image.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { image } from './machine.ts';

const images = fileURLToPath(new URL('../../images', import.meta.url));

test('strategy A’s Python tests pass in the image', async () => {
  const args = ['run', '--rm', '--user', '0', '--network', 'none', '--entrypoint', 'python3'];
  args.push('--env', 'PYTHONPATH=/opt/haven', '--env', 'PYTHONDONTWRITEBYTECODE=1');
  args.push(
    '--volume',
    `${images}/strategy-a/tests:/images/strategy-a/tests:ro`,
    '--workdir',
    '/images/strategy-a',
  );
  args.push('--volume', `${images}/contract:/images/contract:ro`);

  const run = await execa(
    'docker',
    [...args, image, '-m', 'unittest', 'discover', '-t', '.', '-s', 'tests'],
    {
      all: true,
      reject: false,
    },
  );

  assert.equal(run.exitCode, 0, run.all);
  assert.match(run.all, /^Ran \d{2,} tests/m, 'tests were found');
  assert.doesNotMatch(run.all, /skipped/, 'nothing is left out where everything is there');
});
