/** `--load`: the store holds a folder's objects, as Google would hold them, and nothing else. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loggedIn } from './drive-client.ts';
import { startEmulator } from './started-emulator.ts';

test('what is loaded has its id, name, properties, time and bytes, and what was there before is gone', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'drive-load-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const object = { file: '000000', name: 'part', id: 'id-of-old', properties: { k: 'v' } };
  const createdAt = '2026-11-23T20:00:00.000Z';
  writeFileSync(join(folder, '000000'), 'bytes');
  writeFileSync(join(folder, 'objects.json'), JSON.stringify({ objects: [{ ...object, createdAt }] }));
  const emulator = await startEmulator('--load', folder);
  context.after(() => emulator.dispose());
  const drive = await loggedIn(emulator);
  await drive.file('more', { name: 'made later' });

  await emulator.restart();

  const { json } = await drive.api(
    'GET',
    'files?fields=files(id,name,appProperties,createdTime,md5Checksum)',
  );
  const md5Checksum = createHash('md5').update('bytes').digest('hex');
  const { id, name, properties: appProperties } = object;
  assert.deepEqual(json.files, [{ id, name, appProperties, createdTime: createdAt, md5Checksum }]);
  assert.equal(String((await drive.api('GET', 'files/id-of-old?alt=media')).bytes), 'bytes');
});
