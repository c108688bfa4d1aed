import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { drainStreams } from './stream-sink.ts';

async function pipes(context: TestContext, count: number): Promise<{ folder: string; paths: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'haven-sink-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const paths = Array.from({ length: count }, (_, n) => join(folder, `stream-00${n}`));
  if (count > 0) await execa('mkfifo', paths);
  return { folder, paths };
}

async function write(path: string, content: Buffer): Promise<void> {
  const stream = createWriteStream(path);
  stream.end(content);
  await finished(stream);
}

test('each stream is counted and hashed by itself', async (context) => {
  const { folder, paths } = await pipes(context, 2);
  const contents = [Buffer.alloc(300_000, 'a'), Buffer.from('b')];

  const writing = (async () => {
    for (const [n, path] of paths.entries()) await write(path, contents[n]!);
  })();
  const passed = await drainStreams(folder, 2, writing);

  const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
  assert.deepEqual(
    passed,
    contents.map((content) => ({ bytes: content.length, sha256: sha256(content) })),
  );
});

for (const [name, made] of [
  ['that never made its pipes', 0],
  ['that never opened them', 2],
] as const) {
  test(`a fetch ${name} and is gone keeps nobody waiting`, async (context) => {
    const { folder } = await pipes(context, made);

    const passed = await drainStreams(folder, 2, Promise.reject(new Error('killed')));

    assert.deepEqual(
      passed.map(({ bytes }) => bytes),
      [0, 0],
    );
  });
}
