import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from './connection.ts';
import { queryFor } from './drive-store.ts';
import { parseRange, sendChunk, sessionUri } from './session.ts';
import type { SessionUri } from './store.ts';

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

test('a chunk says which bytes it has, and one without any only how many there are', async () => {
  const ranges: string[] = [];
  const request = async ({ headers }: { headers: Record<string, string> }) => {
    ranges.push(`${headers['Content-Range']}, ${headers['Content-Length']}`);
    return { status: 200, headers: new Headers(), data: { id: 'x' } };
  };
  const connection = {
    ...{ rootUrl: 'https://www.googleapis.com/', auth: { request } },
    ask: (_: unknown, send: (options: object, moved: () => void) => unknown) => send({}, () => undefined),
  } as unknown as Connection;

  await sendChunk(connection, 'x' as SessionUri, Buffer.alloc(50), 200, 250);
  await sendChunk(connection, 'x' as SessionUri, Buffer.alloc(0), 250, 250);

  assert.deepEqual(ranges, ['bytes 200-249/250, 50', 'bytes */250, 0']);
});
