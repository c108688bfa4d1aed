// attributes.py is Python, and so are its tests. They make devices and owners, so they need root and a disk with xattrs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const folder = fileURLToPath(new URL('.', import.meta.url));

test('attributes.py keeps its word', { skip: process.getuid?.() === 0 ? false : 'needs root' }, async () => {
  const run = await execa('python3', ['-m', 'unittest', 'test_attributes'], {
    cwd: folder,
    env: { PYTHONDONTWRITEBYTECODE: '1' },
    all: true,
    reject: false,
  });

  assert.equal(run.exitCode, 0, run.all);
  assert.match(run.all, /^Ran \d{2,} tests/m, 'tests were found');
});
