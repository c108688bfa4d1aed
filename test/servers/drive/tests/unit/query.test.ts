import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { matches, type Searchable } from '../../src/query/match.ts';
import { parseQuery } from '../../src/query/parse.ts';
import { QueryError } from '../../src/query/tokenize.ts';

const FILE: Searchable = {
  name: "Bob's HelloWorld part-1",
  mimeType: 'application/octet-stream',
  parents: ['ROOT'],
  modifiedTime: Date.UTC(2026, 0, 15, 12),
  createdTime: Date.UTC(2026, 0, 1),
  trashed: false,
  starred: false,
  owner: 'me@example.invalid',
  properties: {},
  appProperties: { backup: 'b1', kind: 'part' },
};

function finds(query: string): boolean {
  return matches(parseQuery(query), FILE, 'ROOT');
}

describe('a q that matches', () => {
  for (const query of [
    "name = 'Bob\\'s HelloWorld part-1'",
    "name='bob\\'s helloworld PART-1'",
    "name != 'other'",
    "name contains 'Hello'",
    "name contains 'part'",
    "mimeType contains 'application/'",
    "'root' in parents",
    "'ROOT' in parents and trashed=false",
    "trashed = false and ('ROOT' in parents) and (name='x' or name contains 'bob')",
    "appProperties has { key='backup' and value='b1' }",
    "appProperties has {key = 'kind' and value = 'part'} and not appProperties has { key='kind' and value='manifest' }",
    "modifiedTime > '2026-01-15T11:59:59Z'",
    "modifiedTime = '2026-01-15T12:00:00'",
    "modifiedTime <= '2026-01-15T13:00:00+01:00'",
    "createdTime < '2026-01-02'",
    'not trashed = true',
    "'me' in owners",
  ]) {
    test(query, () => assert.equal(finds(query), true));
  }
});

describe('a q that does not match', () => {
  for (const query of [
    "name = 'Bob'",
    "name contains 'World'",
    "name contains 'ello'",
    "'other' in parents",
    'trashed = true',
    "appProperties has { key='backup' and value='b2' }",
    "properties has { key='backup' and value='b1' }",
    "modifiedTime > '2026-01-15T12:00:00Z'",
  ]) {
    test(query, () => assert.equal(finds(query), false));
  }
});

test('and and or are taken from left to right, neither binds stronger', () => {
  assert.equal(finds("trashed = false or trashed = false and name = 'other'"), false);
  assert.equal(finds("trashed = false or (trashed = false and name = 'other')"), true);
});

describe('a q that is refused', () => {
  for (const query of [
    'garbage',
    "nonsense = 'x'",
    "name 'x'",
    'name = x',
    "name = 'x",
    "name = 'a\\nb'",
    "name < 'x'",
    "name = 'x' and",
    "name = 'x' name = 'y'",
    "(name = 'x'",
    "name = 'x')",
    "trashed = 'false'",
    'trashed = maybe',
    "'x' in children",
    "appProperties has { key='a' }",
    "appProperties = 'x'",
    "modifiedTime > 'yesterday'",
    "fullText contains 'x'",
    '',
  ]) {
    test(query || '(empty)', () => assert.throws(() => parseQuery(query), QueryError));
  }
});
