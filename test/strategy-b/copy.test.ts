// `copy` brings the objects of the backups that were asked for, as they lie in Drive, and no others; and says when they are not what Drive lists.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type Bench, createBench, listed, storedFiles } from './harness.ts';
import { fakeSource } from './sources.ts';

let bench: Bench;
let first: string;
beforeEach(async () => {
  bench = await createBench([fakeSource()]);
  await bench.backup([fakeSource()]);
  first = listed(await bench.run('list'))[0]!.id;
});
afterEach(() => bench.dispose());

const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

test('what is copied is what Drive holds of that backup, with what Drive knows of it', async () => {
  await bench.backup([fakeSource()], {}, {}, 'full');
  const stored = (await storedFiles(bench.drive)).filter(({ name }) => name.includes(first));

  const run = await bench.run('copy', { backups: [first] });

  assert.equal(run.status, 0, run.stdout + run.stderr);
  const folder = join(bench.folder, 'copy');
  const { objects } = JSON.parse(readFileSync(join(folder, 'objects.json'), 'utf8'));
  const facts = objects.map((object: { id: string; name: string; file: string }) => {
    return [object.id, object.name, sha256(join(folder, object.file))];
  });
  assert.deepEqual(
    facts.sort(),
    stored.map(({ id, name, blobPath }) => [id, name, sha256(blobPath!)]).sort(),
  );
  assert.equal(run.result.copied?.objects, stored.length);
  assert.equal(objects.filter(({ role }: { role: string }) => role === 'manifest').length, 1);
  assert.deepEqual(
    objects.flatMap(({ part }: { part?: number }) => part ?? []).sort(),
    Array.from({ length: stored.length - 1 }, (_, n) => n),
  );
});

test('a backup that is not there is damage, not an empty copy', async () => {
  const run = await bench.run('copy', { backups: ['0f0f0f0f'] });

  assert.equal(run.status, 30, run.stdout);
  assert.match(run.result.error!.message, /0f0f0f0f is not in the store/);
});

test('bytes that are not those that Drive lists are damage', async () => {
  const part = (await storedFiles(bench.drive)).find(({ name }) => name.endsWith('000001'))!;
  await bench.drive.admin(`POST files/${part.id}/corrupt`, { how: 'flip', offset: 9, honest: false });

  const run = await bench.run('copy', { backups: [first] });

  assert.equal(run.status, 30, run.stdout);
  assert.ok(run.result.error!.message.includes(part.id));
});
