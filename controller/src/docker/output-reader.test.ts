// What an image writes on stdout: how long a line may be, and what is kept of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outputReader } from './output-reader.ts';

/** The result of a backup of that many sources, as strategy B writes it. */
function resultOf(sources: number): string {
  const source = (number: number) => ({
    id: `dataset-with-a-name-of-some-length-${number}`,
    outcome: 'failed',
    error: { code: 'failed', operation: 'send', message: 'm'.repeat(300), hint: 'h'.repeat(200) },
  });
  const every = Array.from({ length: sources }, (_, number) => source(number));
  const head = {
    event: 'result',
    at: '2026-11-27T00:00:00Z',
    contract: '1.0',
    verb: 'backup',
    outcome: 'failed',
  };
  return `${JSON.stringify({ ...head, sources: every })}\n`;
}

function read(text: string) {
  const reader = outputReader(null, 'backup', () => {});
  for (let at = 0; at < text.length; at += 16_384) reader.stdout(Buffer.from(text.slice(at, at + 16_384)));
  return reader.finish();
}

test('the result of a thousand sources is one line, and is read', () => {
  const { results, resultWasLast, garbage } = read(resultOf(1000));

  assert.deepEqual(garbage, []);
  assert.equal(resultWasLast, true);
  assert.equal((results[0] as { sources: unknown[] }).sources.length, 1000);
});

test('a line without an end is not held in memory: what is over 1 MiB is no event', () => {
  const { results, resultWasLast, garbage } = read(resultOf(10_000));

  assert.deepEqual(garbage, ['a line longer than 1 MiB']);
  assert.equal(resultWasLast, false);
  assert.deepEqual(results, []);
});
