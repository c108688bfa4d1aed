// What happens to the files behind everybody's back is found without downloading a part; and nothing compared is no pass.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type Bench, createBench, type DriveFile, listed, storedFiles } from './harness.ts';
import { fakeSource } from './sources.ts';

const source = fakeSource();
let bench: Bench;
let files: DriveFile[];
beforeEach(async () => {
  bench = await createBench([source]);
  await bench.backup([source]);
  files = await storedFiles(bench.drive);
});
afterEach(() => bench.dispose());

function named(end: string): DriveFile {
  return files.find(({ name }) => name.endsWith(end))!;
}

async function harm(end: string, how: object): Promise<void> {
  await bench.drive.admin(`POST files/${named(end).id}/corrupt`, how);
}

function forget(): void {
  rmSync(join(bench.folder, 'state'), { recursive: true });
}

for (const [name, how, kind, part] of [
  ['a part that was deleted', { how: 'delete' }, 'missing', 2],
  ['a part in the trash', { how: 'trash' }, 'trashed', 2],
  ['a part with a flipped bit', { how: 'flip', offset: 17 }, 'altered', 2],
  ['a part that was cut off', { how: 'truncate', size: 100 }, 'altered', 2],
] as const) {
  test(`audit finds ${name}`, async () => {
    await harm('000002', how);

    const audit = await bench.run('audit');

    assert.equal(audit.status, 30, audit.stdout);
    assert.equal(audit.result.error?.code, 'damaged');
    assert.deepEqual(
      audit.result.audit?.findings.map((finding) => [finding.kind, finding.part]),
      [[kind, part]],
    );
    const downloads = await bench.drive.requests('download');
    assert.equal(downloads.length, 1, 'the manifest, and no part');
  });
}

test('a manifest is downloaded once, and then known by its md5', async () => {
  await bench.run('audit');
  await bench.run('list');
  await bench.run('audit');

  assert.equal((await bench.drive.requests('download')).length, 1);
});

test('audit finds two parts that were swapped', async () => {
  await harm('000000', { how: 'swap', with: named('000001').id });

  const audit = await bench.run('audit');

  assert.deepEqual(
    audit.result.audit?.findings.map((finding) => [finding.kind, finding.part]),
    [
      ['altered', 0],
      ['altered', 1],
    ],
  );
});

for (const how of ['delete', 'trash']) {
  test(`a manifest that is gone (${how}) is found as long as the backup is remembered`, async () => {
    await harm('-manifest', { how });

    const audit = await bench.run('audit');

    assert.equal(audit.status, 30, audit.stdout);
    assert.deepEqual(
      audit.result.audit?.findings.map(({ kind }) => kind),
      [how === 'delete' ? 'rolled-back' : 'trashed'],
    );
  });
}

test('a damaged manifest is unreadable: audit and list say so and name the backup', async () => {
  await harm('-manifest', { how: 'flip', offset: 200 });

  const audit = await bench.run('audit');
  const list = await bench.run('list');

  assert.equal(audit.status, 30);
  assert.deepEqual(
    audit.result.audit?.findings.map(({ kind }) => kind),
    ['unreadable'],
  );
  assert.equal(list.status, 30, list.stdout);
  assert.ok(list.result.error!.message.includes(named('-manifest').name.split('-')[1]!));
  assert.deepEqual([list.result.count, listed(list)], [0, []]);
});

test('another passphrase is a loud failure, never an empty list', async () => {
  forget();
  const { ended } = bench.start('list', {}, {}, 'another passphrase');

  const list = await ended;

  assert.equal(list.status, 30, list.stdout);
  assert.match(list.result.error!.message, /cannot be decrypted/);
});

test('an empty store is no pass, even with no memory of any backup', async () => {
  for (const { id } of files) await bench.drive.admin(`POST files/${id}/corrupt`, { how: 'delete' });
  const remembering = await bench.run('audit');
  forget();
  const forgetful = await bench.run('audit');

  assert.equal(remembering.status, 30);
  assert.deepEqual(
    remembering.result.audit?.findings.map(({ kind }) => kind),
    ['rolled-back'],
  );
  assert.equal(forgetful.status, 30);
  assert.match(forgetful.result.error!.message, /nothing was compared/);
});

test('parts without a manifest are incomplete: listed, not counted, and no finding', async () => {
  await bench.drive.fault('quota-full', { match: 'upload-start', nth: 3 });
  await bench.backup([source], {}, {}, 'full');

  const list = await bench.run('list');
  const audit = await bench.run('audit');

  assert.deepEqual([list.result.count, listed(list).length], [1, 1]);
  assert.deepEqual(
    list.result.incomplete?.map(({ parts }) => parts),
    [2],
  );
  assert.equal(audit.status, 0);
});

test('a listing that lags behind is no damage', async () => {
  await bench.drive.admin('POST settings', { listLagMs: 3_600_000 });
  await bench.backup([source]);

  const audit = await bench.run('audit');

  assert.deepEqual(audit.result.audit?.findings, [], audit.stdout);
});

test('a store of more than one page is read to its end', async () => {
  await bench.drive.admin('POST settings', { maxPageSize: 2 });

  const audit = await bench.run('audit');

  assert.equal(audit.status, 0, audit.stdout);
  assert.equal(audit.result.audit?.parts, 4);
  assert.ok(audit.result.audit!.calls >= 3);
});

test('another set in the same account is not seen', async () => {
  const api = { rootUrl: `${bench.drive.url}/`, tokenUrl: `${bench.drive.url}/token` };

  const list = await bench.run('list', { settings: { api, set: 'other' } });

  assert.deepEqual([list.result.count, listed(list)], [0, []]);
});
