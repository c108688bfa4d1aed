// The proof by counts knows how long gpg's messages are; the gpg that counts is the one in the image.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

test('the image’s gpg writes messages of the expected length', () => {
  const source = join(import.meta.dirname, '../../images/strategy-b/src/pipeline');
  const limits = ['--rm', '--network', 'none', '--read-only', '--tmpfs', '/tmp'];
  const what = ['--entrypoint', 'node', 'haven/strategy-b', '--test', '/src/openpgp-frame.test.ts'];

  const run = spawnSync('docker', ['run', ...limits, '-v', `${source}:/src:ro`, ...what], {
    encoding: 'utf8',
  });

  assert.equal(run.status, 0, run.stdout.slice(-2000) + run.stderr);
  assert.match(run.stdout, /pass [3-9][0-9]/);
});
