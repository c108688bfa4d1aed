import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { createSpool } from './spool.ts';

test('a spooled file is what was written, and is gone when removed', async (t) => {
  const folder = temporaryFolder(t);
  const file = await createSpool(folder).create('part');

  await file.write(Buffer.from('ab'));
  await file.write(Buffer.from('c'));
  await file.seal();

  assert.equal(readFileSync(file.path, 'utf8'), 'abc');
  assert.equal(file.bytes(), 3);
  await file.remove();
  assert.deepEqual(readdirSync(folder), []);
});

test('a full disk is local-full', async (t) => {
  const spool = createSpool(temporaryFolder(t), () => open('/dev/full', 'w'));
  const file = await spool.create('part');

  await assert.rejects(file.write(Buffer.alloc(4096)), { code: 'local-full' });
});

test('what a killed run left half-made goes, and what its journal knows is found again', async (t) => {
  const folder = temporaryFolder(t);
  for (const name of ['left', 'known']) {
    const file = await createSpool(folder).create(name);
    await file.write(Buffer.from(name));
    await file.seal();
  }

  const spool = createSpool(folder);
  spool.keepOnly(new Set(['known']));

  assert.deepEqual(readdirSync(folder), ['known']);
  assert.equal(spool.find('left'), undefined);
  const found = spool.find('known')!;
  assert.equal(String(await buffer(found.chunks())), 'known');
  await assert.rejects(found.write(Buffer.from('more')), /sealed/);
});

function temporaryFolder(t: { after(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'haven-spool-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
