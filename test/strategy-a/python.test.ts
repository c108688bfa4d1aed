// Strategy A's own tests are Python, like strategy A. duplicity and Swift are not here: what needs them is in the docker tests beside this file.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const folder = fileURLToPath(new URL('../../images/strategy-a', import.meta.url));

test('strategy A’s Python tests pass', async () => {
  const run = await execa('python3', ['-m', 'unittest', 'discover', '-t', '.', '-s', 'tests'], {
    cwd: folder,
    env: { PYTHONPATH: 'src', PYTHONDONTWRITEBYTECODE: '1' },
    all: true,
    reject: false,
  });

  assert.equal(run.exitCode, 0, run.all);
  assert.match(run.all, /^Ran \d{2,} tests/m, 'tests were found');
});
