import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Refusal } from '../../src/http/refusal.ts';
import { boundaryOf, readMultipart } from '../../src/upload/multipart-body.ts';

const MEDIA = Buffer.concat([
  Buffer.from('\r\n--B \r\n--\0'),
  Buffer.from([0xff, 0x00, 0x80]),
  Buffer.from('\r\n\r\n-'),
]);

function body(newline: string, media: Buffer, end = `${newline}--BOUND--${newline}`): Buffer {
  const lines = [
    '--BOUND',
    'Content-Type: application/json',
    '',
    '{"name":"x"}',
    '--BOUND',
    'Content-Type: image/x',
    '',
    '',
  ];
  return Buffer.concat([Buffer.from(lines.join(newline)), media, Buffer.from(end)]);
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size);
  }
}

async function parsed(bytes: Buffer, pieceSize: number) {
  const upload = await readMultipart(inPieces(bytes, pieceSize), 'BOUND');
  const pieces: Uint8Array[] = [];
  for await (const piece of upload.media) {
    pieces.push(Buffer.from(piece));
  }
  return { metadata: upload.metadata, contentType: upload.contentType, media: Buffer.concat(pieces) };
}

for (const [name, newline] of [
  ['CRLF', '\r\n'],
  ['LF, as Python sends it', '\n'],
] as const) {
  test(`binary media comes out as it went in, however the network cut it (${name})`, async () => {
    for (const size of [1, 2, 3, 7, 11, 1000]) {
      const result = await parsed(body(newline, MEDIA), size);

      assert.deepEqual(result, { metadata: '{"name":"x"}', contentType: 'image/x', media: MEDIA });
    }
  });
}

test('empty media is empty', async () => {
  const { media } = await parsed(body('\r\n', Buffer.alloc(0)), 5);

  assert.equal(media.length, 0);
});

describe('refused', () => {
  test('a body that ends before its last boundary', async () => {
    await assert.rejects(parsed(body('\r\n', MEDIA, ''), 10), Refusal);
  });

  test('a body without a media part', async () => {
    await assert.rejects(
      parsed(Buffer.from('--BOUND\r\nContent-Type: application/json\r\n\r\n{}'), 10),
      Refusal,
    );
  });

  test('a content type without a boundary', () => {
    assert.throws(() => boundaryOf('multipart/related'), Refusal);
    assert.throws(() => boundaryOf(undefined), Refusal);
  });
});

test('a boundary is found quoted and bare', () => {
  assert.equal(boundaryOf('multipart/related; boundary="a b"'), 'a b');
  assert.equal(boundaryOf('multipart/related; boundary=abc; type=x'), 'abc');
});
