import assert from 'node:assert/strict';
import { text as readAll } from 'node:stream/consumers';
import { test } from 'node:test';
import { isAlive } from '../testing/is-alive.ts';
import { type StageSpec, startStage } from './child.ts';
import { createScrub } from './stderr-tail.ts';

function shell(script: string, more: Partial<StageSpec> = {}): StageSpec {
  return {
    name: 'probe',
    file: 'sh',
    args: ['-c', script],
    env: { PATH: '/usr/bin:/bin' },
    stdin: 'none',
    scrub: createScrub([]),
    killAfterMs: 300,
    ...more,
  };
}

test('a stage that exits 0 finishes', async () => {
  const stage = startStage(shell('echo done'));

  assert.equal(await readAll(stage.stdout), 'done\n');
  await stage.finished;
});

test('a stage that exits otherwise fails with what it said', async () => {
  const stage = startStage(shell('echo it broke >&2; exit 3'));

  await assert.rejects(stage.finished, /probe exited 3: it broke/);
});

test('a tool that is not there is a failure of the stage', async () => {
  const stage = startStage(shell('', { file: 'no-such-tool' }));

  await assert.rejects(stage.finished, /could not be started \(ENOENT\)/);
  await stage.stop();
});

test('a secret is read from descriptor 3 and is in neither argv nor environment', async () => {
  const stage = startStage(
    shell('cat <&3; tr "\\0" "\\n" < /proc/$$/cmdline; env', { secret: 'hunter2-canary\n' }),
  );

  const text = await readAll(stage.stdout);

  assert.equal(text.match(/hunter2-canary/g)?.length, 1);
  assert.ok(text.startsWith('hunter2-canary\n'));
});

test('stop ends a stage that ignores SIGTERM, and what it started', async () => {
  const stage = startStage(shell('trap "" TERM; sleep 1000 & echo $! $$; wait; sleep 1000'));
  const chunks = stage.stdout[Symbol.asyncIterator]();
  const pids = String((await chunks.next()).value)
    .trim()
    .split(' ')
    .map(Number);

  await stage.stop();

  assert.deepEqual(pids.map(isAlive), [false, false]);
  await assert.rejects(stage.finished, { stopped: true });
});

test('stop may be called twice and after the end', async () => {
  const stage = startStage(shell('true'));
  await stage.finished;

  await Promise.all([stage.stop(), stage.stop()]);
});
