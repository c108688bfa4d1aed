import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createScrub, createTail } from './stderr-tail.ts';

test('names of datasets and snapshots, and whatever a tool quotes, are removed', () => {
  const scrub = createScrub(['tank/my data@s1', 'tank/my data', 's1']);

  const text = scrub(
    "cannot open 'tank/my data@s1': no such pool 'tank'; tank/my data: s1 busy; /mnt/secret.txt gone",
  );

  for (const name of ['tank', 'my data', 's1', 'secret']) assert.ok(!text.includes(name), text);
  assert.match(text, /cannot open .*: no such pool/);
});

test('the device that people must look at is still named', () => {
  assert.match(
    createScrub([])('Unable to open /dev/zfs: Permission denied.'),
    /\/dev\/zfs: Permission denied/,
  );
});

test('only the end of a long text is kept', () => {
  const tail = createTail(createScrub([]));

  for (let line = 0; line < 10_000; line += 1) tail.take(Buffer.from(`line ${line}\n`));

  assert.ok(tail.text().length <= 600);
  assert.match(tail.text(), /line 9999$/);
});
