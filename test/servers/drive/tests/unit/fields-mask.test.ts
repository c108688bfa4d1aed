import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyMask, parseMask } from '../../src/files/fields-mask.ts';
import { FILE_SCHEMA, LIST_SCHEMA } from '../../src/files/schema.ts';
import { Refusal } from '../../src/http/refusal.ts';

const LIST = {
  kind: 'drive#fileList',
  nextPageToken: 't',
  files: [
    { id: '1', name: 'a', owners: [{ me: true, displayName: 'x' }], appProperties: { k: 'v', l: 'w' } },
  ],
};

function masked(fields: string): unknown {
  return applyMask(LIST, parseMask(fields, LIST_SCHEMA));
}

test('what is not named is dropped', () => {
  assert.deepEqual(masked('files(id)'), { files: [{ id: '1' }] });
  assert.deepEqual(masked('nextPageToken, files(id, name)'), {
    nextPageToken: 't',
    files: [{ id: '1', name: 'a' }],
  });
});

test('a slash goes down, a star takes all, and naming a thing twice adds up', () => {
  assert.deepEqual(masked('files/id'), { files: [{ id: '1' }] });
  assert.deepEqual(masked('files/id,files/name'), { files: [{ id: '1', name: 'a' }] });
  assert.deepEqual(masked('files/owners/me'), { files: [{ owners: [{ me: true }] }] });
  assert.deepEqual(masked('files(owners(me),appProperties/k)'), {
    files: [{ owners: [{ me: true }], appProperties: { k: 'v' } }],
  });
  assert.deepEqual(masked('*'), LIST);
  assert.deepEqual(masked('files(*)'), { files: LIST.files });
});

describe('a mask that is refused', () => {
  for (const fields of [
    'nonsense',
    'files(nonsense)',
    'id',
    'files(id',
    'files(id))',
    'files(id,)',
    'files()',
    ',',
    'files/',
    'files(owners/nonsense)',
    'files(id) kind',
    'constructor',
  ]) {
    test(fields, () => assert.throws(() => parseMask(fields, LIST_SCHEMA), Refusal));
  }
});

test('the fields that clients of Drive ask for are known', () => {
  const rclone =
    'id,name,size,md5Checksum,sha1Checksum,sha256Checksum,trashed,explicitlyTrashed,modifiedTime,createdTime,mimeType,parents,webViewLink,shortcutDetails,exportLinks,resourceKey';

  assert.doesNotThrow(() => parseMask(rclone, FILE_SCHEMA));
});
