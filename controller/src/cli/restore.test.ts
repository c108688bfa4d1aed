// What `haven restore` makes of what is typed; what it then does is tested with Docker (runs/restore.docker.test.ts).
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Said, said } from '../../testing/command-line.ts';
import { makeGround } from '../../testing/ground.ts';

function restore(context: TestContext, ...words: string[]): Promise<Said> {
  const ground = makeGround(context);
  return said(['restore', ...words], undefined, { HAVEN_HOME: ground.folder });
}

test('a date without an offset is one of the configured time zone, and what is typed wrong is told so', async (context) => {
  const ground = makeGround(context);
  const file = join(ground.folder, 'haven.yaml');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...config, timezone: 'Asia/Kolkata' }));

  const words = ['restore', 'b', 'home', '--to', 'tank/x', '--as-of', '2026-11-23T8:00'];
  const { stderr } = await said(words, undefined, { HAVEN_HOME: ground.folder });

  assert.match(stderr, /2026-11-23T20:00 \(in Asia\/Kolkata\)/);
});

const mistakes: [string, string[], RegExp][] = [
  ['no strategy', [], /missing required argument 'strategy'/],
  ['a dataset and a folder', ['b', 'home', '--to', 'tank/x', '--into', '/x'], /a folder as well/],
  ['a path without a folder', ['b', 'home', '--to', 'tank/x', '--path', 'a'], /say --into FOLDER/],
  ['--really without a folder', ['b', 'home', '--to', 'tank/x', '--really', '/x'], /say --into FOLDER/],
  ['--really of another folder', ['b', 'home', '--into', '/x', '--really', '/y'], /letter by letter/],
  ['a folder that is not named in full', ['b', 'home', '--into', 'x'], /no folder to restore into/],
  ['a backup and a date', ['b', 'home', '0f3a', '--to', 'tank/x', '--as-of', '2026-11-23'], /a date as well/],
  ['a date that is none', ['b', 'home', '--to', 'tank/x', '--as-of', 'yesterday'], /is no date/],
];
for (const [name, words, message] of mistakes) {
  test(`${name} is the caller’s mistake, told with a remedy before anything is done`, async (context) => {
    const { exit, stderr } = await restore(context, ...words);

    assert.equal(exit, 3, stderr);
    assert.match(stderr, message);
    assert.match(stderr, /what to do:|haven --help/);
  });
}
