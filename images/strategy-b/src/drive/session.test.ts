import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryFor } from './drive-store.ts';
import { parseRange, sessionUri } from './session.ts';

const root = 'https://www.googleapis.com/';

test('a Range header tells how many bytes are persisted; without one it is not known', () => {
  assert.equal(parseRange('bytes=0-99'), 100);
  assert.equal(parseRange('0-0'), 1);
  assert.equal(parseRange(null), null);
  assert.throws(() => parseRange('bytes=5-99'));
});

test('a session at a foreign host is refused, for it would be sent the access token', () => {
  for (const foreign of [
    'https://evil.example/upload',
    'http://www.googleapis.com/upload',
    'https://googleapis.com.evil.example/x',
  ])
    assert.throws(() => sessionUri(foreign, root), { kind: 'refused' });
  assert.equal(sessionUri('https://upload.googleapis.com/x', root), 'https://upload.googleapis.com/x');
  assert.equal(sessionUri('http://drive:8080/x', 'http://drive:8080/'), 'http://drive:8080/x');
});

test('quotes and backslashes are escaped in searches', () => {
  assert.equal(queryFor({ a: "b'c\\d" }, true), "appProperties has { key='a' and value='b\\'c\\\\d' }");
  assert.match(queryFor({ a: 'b' }, false), / and trashed = false$/);
});
