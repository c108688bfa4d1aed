// Against the gpg of this machine. test/strategy-b/gpg-of-the-image.docker.test.ts runs this file inside the image too: its gpg is another one.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { payloadLength, walkOpenPgp } from './openpgp-frame.ts';

const folder = mkdtempSync(join(tmpdir(), 'haven-frame-'));
after(() => rmSync(folder, { recursive: true }));
const passphrase = join(folder, 'passphrase');
writeFileSync(passphrase, 'p\n');

function encrypt(plain: Buffer, ...more: string[]): Buffer {
  const quiet = ['--batch', '--quiet', '--no-options', '--no-autostart', '--homedir', folder];
  const secret = ['--pinentry-mode', 'loopback', '--passphrase-file', passphrase];
  const how = ['--symmetric', '--cipher-algo', 'AES256', '--compress-algo', 'none', '--s2k-count', '65536'];
  const run = spawnSync('gpg', [...quiet, ...secret, ...how, ...more], { input: plain, maxBuffer: 2 ** 30 });
  assert.equal(run.status, 0, run.stderr.toString());
  return run.stdout;
}

function walk(message: Buffer, step: number) {
  const walked = walkOpenPgp();
  for (let at = 0; at < message.length; at += step) walked.take(message.subarray(at, at + step));
  return walked.end();
}

// Around each place where gpg's packet headers or buffers change, and by chance.
const edges = [0, 185, 506, 1018, 2042, 8186, 16378, 65530, 66554, 131066, 1_000_000];
const byChance = Array.from({ length: 20 }, () => Math.floor(Math.random() * 4_000_000));

for (const size of [...edges.flatMap((edge) => [edge, Math.max(0, edge - 1), edge + 1]), ...byChance]) {
  test(`gpg’s message of ${size} bytes has the length that is expected of it`, () => {
    const message = encrypt(randomBytes(size));

    const frame = walk(message, 65536);

    assert.ok(frame !== null);
    assert.equal(frame.payload, payloadLength(size, frame.firstChunk));
    assert.deepEqual(walk(message, size < 10_000 ? 1 : 7919), frame, 'however it is cut');
  });
}

test('to hidden public keys as well, a message has the length that is expected of it', (context) => {
  const home = mkdtempSync(join(tmpdir(), 'haven-frame-key-'));
  context.after(() => {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(home, { recursive: true });
  });
  const certificates = ['future-default', 'rsa2048'].flatMap((algorithm) => {
    const file = join(home, algorithm);
    for (const args of [
      ['--quick-generate-key', algorithm, algorithm, algorithm === 'rsa2048' ? 'encrypt,sign' : 'default'],
      ['--output', file, '--armor', '--export', algorithm],
    ]) {
      const gpg = [
        '--homedir',
        home,
        '--batch',
        '--quiet',
        '--pinentry-mode',
        'loopback',
        '--passphrase',
        '',
      ];
      const run = spawnSync('gpg', [...gpg, ...args]);
      assert.equal(run.status, 0, run.stderr.toString());
    }
    return ['--hidden-recipient-file', file];
  });
  for (const size of edges) {
    const message = encrypt(randomBytes(size), '--no-keyring', '--encrypt', ...certificates);

    const frame = walk(message, 7919);

    assert.ok(frame !== null, `${size}`);
    assert.equal(frame.payload, payloadLength(size, frame.firstChunk), `${size}`);
  }
});

test('one byte more or less in gpg is another length', () => {
  for (const size of [100, 5000, 70_000]) {
    const frame = walk(encrypt(randomBytes(size)), 65536)!;

    for (const wrong of [size - 1, size + 1])
      assert.notEqual(frame.payload, payloadLength(wrong, frame.firstChunk), `${wrong}`);
  }
});

test('what is no whole message has no frame', () => {
  const message = encrypt(randomBytes(100_000));

  const spoilt: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['its last byte is missing', message.subarray(0, -1)],
    ['it ends between two chunks', message.subarray(0, 30_000)],
    ['a byte follows', Buffer.concat([message, Buffer.from([0])])],
    ['a second message follows', Buffer.concat([message, message])],
    ['no packet at all', Buffer.from('plain text, which nobody encrypted')],
    ['only the key', message.subarray(0, 15)],
    ['text before it', Buffer.concat([Buffer.from('x'), message])],
  ];
  for (const [name, bytes] of spoilt) {
    assert.equal(walk(bytes, 65536), null, name);
    assert.equal(walk(bytes, 1), null, name);
  }
});
