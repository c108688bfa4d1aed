import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToolBox } from './openpgp.ts';
import { sealManifest, sealPart } from './recipients.ts';

const tools = { passphrases: ['today', 'earlier'] } as unknown as ToolBox;
const recipient = { fingerprint: 'AB'.repeat(20), file: '/tmp/recipient-0.asc' };
let drawn = 0;
const randomId = () => String(++drawn).padStart(32, '0');

test('without public keys the owner’s newest passphrase seals everything', () => {
  assert.deepEqual(sealPart([], tools, randomId), { passphrase: 'today', certificates: [] });
  assert.equal(drawn, 0);
});

test('with public keys each part has a passphrase of its own, of 256 bits, and never the owner’s', () => {
  const [one, two] = [sealPart([recipient], tools, randomId), sealPart([recipient], tools, randomId)];

  assert.deepEqual(one.certificates, [recipient.file]);
  assert.equal(one.passphrase.length, 64);
  assert.notEqual(one.passphrase, two.passphrase);
  assert.notEqual(one.passphrase.slice(0, 32), one.passphrase.slice(32));
  assert.ok(!tools.passphrases.includes(one.passphrase));
});

test('a manifest is never sealed to a public key', () => {
  assert.deepEqual(sealManifest(tools).certificates, []);
});
