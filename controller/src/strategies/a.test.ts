// What a verdict on strategy A says is not kept is what docs/attributes.md says, and the other way round.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { strategyA } from './a.ts';

// One for each point of the page; a point that is added there needs a word here, and a line in the verdict.
const points = ['zvols', 'properties', 'inode numbers', 'trusted.*', 'holes'];

test('verdict and page list the same that strategy A does not keep', () => {
  const page = readFileSync(new URL('../../../docs/attributes.md', import.meta.url), 'utf8');
  const section = /^## Not kept\n([\s\S]*?)^## /m.exec(page)?.[1] ?? '';
  const listed = section.split('\n').filter((line) => line.startsWith('- '));

  assert.equal(listed.length, points.length, 'each point has its word');
  points.forEach((word, n) => {
    assert.ok(listed[n]?.includes(word), `${word} is in point ${n + 1}: ${listed[n]}`);
    assert.ok(
      strategyA.notKept.some((line) => line.includes(word)),
      `a verdict tells of ${word}`,
    );
  });
});
