import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HavenError } from '../errors.ts';
import { dockerEngine } from './engine.ts';

test('a Docker that does not answer is named by its socket, with what to do', async () => {
  await assert.rejects(dockerEngine('/nowhere/docker.sock').version(), ({ report }: HavenError) => {
    assert.match(report.message, /does not answer at \/nowhere\/docker\.sock \(ENOENT\)/);
    assert.match(report.hint ?? '', /start Docker.*host\.dockerSocket/);
    return true;
  });
});
