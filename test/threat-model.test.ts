// docs/threat-model.md is worth what holds it: each thing that somebody could not do names tests that are there, by their own titles, or says that no test holds it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const page = new URL('../docs/threat-model.md', import.meta.url);
const text = readFileSync(page, 'utf8');

interface Claim {
  adversary: string;
  words: string;
  tests: { title: string; file: URL }[];
}

const claims: Claim[] = text
  .split(/^## /m)
  .filter((section) => section.includes('\n**Could not**\n'))
  .flatMap((section) => {
    const [adversary = ''] = section.split('\n');
    const [, list = ''] = section.split('\n**Could not**\n');
    return list
      .split('\n')
      .filter((line) => line.startsWith('- '))
      .map((words) => ({ adversary, words, tests: testsIn(words) }));
  });

function testsIn(words: string): Claim['tests'] {
  return [...words.matchAll(/\[([^\]]+)\]\(([^)]+\.test\.ts|[^)]+\/test_\w+\.py)\)/g)].map(
    ([, title, path]) => ({
      title: title!,
      file: new URL(path!, page),
    }),
  );
}

/** The lines that begin a test, with its title or what it is made of. */
function titlesOf(file: URL): string[] {
  return readFileSync(file, 'utf8').match(/^.*(?:\b(?:test|describe)\(|^\s*def test_).*$/gm) ?? [];
}

test('each adversary of the project is there, and each has something that he could not do', () => {
  const adversaries = [...new Set(claims.map(({ adversary }) => adversary))].join('\n');
  for (const one of ['Google account', 'Swift account', 'network', 'Root on the host', 'last year', 'paper'])
    assert.ok(adversaries.includes(one), one);
  assert.ok(claims.length > 35, `${claims.length} claims`);
});

for (const { adversary, words, tests } of claims) {
  test(`${adversary}: ${words.slice(2, 80)}`, () => {
    assert.ok(tests.length > 0 || words.includes('held by no test'), 'a claim names the test that holds it');
    for (const { title, file } of tests) {
      assert.ok(existsSync(file), `${file.pathname} is there`);
      const found = titlesOf(file).some((line) => line.includes(title));
      assert.ok(found, `${file.pathname} has a test of the title ${title}`);
    }
  });
}
