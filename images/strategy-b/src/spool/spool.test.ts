import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

test('what a killed run left is cleared', async (t) => {
  const folder = temporaryFolder(t);
  await (await createSpool(folder).create('left')).seal();

  createSpool(folder).clear();

  assert.deepEqual(readdirSync(folder), []);
});

function temporaryFolder(t: { after(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'haven-spool-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
