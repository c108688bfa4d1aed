// A passphrase that was changed: the new one encrypts, the earlier ones on further lines still open what they encrypted.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { FakeSource } from '../../images/strategy-b/src/testing/fake-tools.ts';
import { type Bench, backupRequest, createBench, listed, type RunResult } from './harness.ts';
import { idOf, plant } from './planted.ts';
import { streamOf } from './restored.ts';
import { twoDays } from './sources.ts';

const earlier = 'canary-passphrase-earlier';
const today = 'canary-passphrase-today';
const both = `${today}\n\n${earlier}`;

const { first, second, delta } = twoDays();
let bench: Bench;
beforeEach(async () => {
  bench = await createBench([first, second]);
});
afterEach(() => bench.dispose());

const backUp = (source: FakeSource, secret: string) =>
  bench.start('backup', backupRequest(bench.drive, [source]), {}, secret).ended;
const look = (verb: string, secret: string, request = {}) => bench.start(verb, request, {}, secret).ended;
const forget = () => rmSync(join(bench.folder, 'state'), { recursive: true });

function made(run: RunResult) {
  assert.equal(run.status, 0, run.stdout + run.stderr);
  return run.result.backups!.at(-1)!;
}

test('within a chain: no new full, all works with all lines, and what no line opens is named with its remedy', async () => {
  const full = made(await backUp(first, earlier));
  forget();
  const next = made(await backUp(second, both));
  forget();

  const list = await look('list', both);
  const audit = await look('audit', both);

  assert.equal(next.base, full.id);
  assert.deepEqual(
    listed(list).map(({ id }) => id),
    [next.id, full.id],
  );
  assert.equal(audit.status, 0, audit.stdout);
  assert.equal(audit.result.audit!.backups, 2);
  assert.ok((await streamOf(bench, full.id, both)).equals(first.stream));
  assert.ok((await streamOf(bench, next.id, both)).equals(delta));
  await assert.rejects(streamOf(bench, next.id, earlier), /none of the 1 in the kit's file 'passphrase'/);

  // Without the earlier one, and with a manifest that nobody encrypted, though gpg would print it.
  const forged = await plant(bench, { name: 'f0', daysOld: 1, forged: true });
  forget();
  const partial = await look('list', `${today}\nanother`);
  const unreadable = partial.events.filter(({ code }) => code === 'unreadable-manifest');

  assert.equal(partial.status, 30);
  assert.match(partial.result.error!.hint!, /write the earlier one, .* on a further line/);
  assert.deepEqual(
    [full.id, forged].map((id) => unreadable.find(({ message }) => String(message).includes(id))?.message),
    [
      `the manifest of backup ${full.id} is unreadable: it cannot be decrypted with any of the 2 passphrases in the secret 'passphrase'`,
      `the manifest of backup ${forged} is unreadable: nobody encrypted it: strategy B did not write it`,
    ],
  );
  assert.deepEqual(
    listed(partial).map(({ id }) => id),
    [next.id],
  );
  assert.doesNotMatch(partial.stdout + partial.stderr, /canary-/);
});

test('within a backup that was cut short: each part opens with the passphrase of its day', async () => {
  await bench.drive.fault('quota-full', { match: 'upload-start', nth: 3 });
  assert.equal((await backUp(first, earlier)).status, 21);

  const whole = made(await backUp(first, both));

  assert.ok((await streamOf(bench, whole.id, both)).equals(first.stream));
  await assert.rejects(streamOf(bench, whole.id, today), /part 1 of 4 cannot be decrypted/);
});

test('prune deletes a chain of the earlier passphrase, and without that passphrase nothing', async () => {
  await plant(bench, { name: 'a0', daysOld: 900, secret: earlier });
  await plant(bench, { name: 'b0', daysOld: 800, secret: earlier });
  await plant(bench, { name: 'c0', daysOld: 3, secret: today });
  const proven = { proven: [idOf('c0')] };

  const refused = await look('prune', today, proven);
  const plan = await look('prune', both, proven);
  const applied = await look('prune', both, { ...proven, plan: { digest: plan.result.plan!.digest } });

  assert.equal(refused.status, 30, refused.stdout);
  assert.equal(plan.result.plan!.goes, 1);
  assert.equal(applied.status, 0, applied.stdout);
  assert.deepEqual([applied.result.pruned!.files, applied.result.pruned!.failed], [3, 0]);
});
