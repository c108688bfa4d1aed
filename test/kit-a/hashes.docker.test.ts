// With the hashes of contents in the record a restore is judged by them, with no snapshot to compare with: also of what duplicity itself missed.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { DRILL, startGround } from './swift-and-kit.ts';

const ground = await startGround();
after(() => ground.dispose());

test('what was restored has the recorded hashes; a file that duplicity took for unchanged has not, and is exit 30', async () => {
  const kit = ground.kit();
  const [first, second] = ['aa'.repeat(16), 'bb'.repeat(16)];
  const restore = (backup: string) =>
    ground.run(DRILL, kit, `rm -rf /haven/out/new*; sh /kit/restore-a.sh restore ${backup} /haven/out/new`);
  const sly = 'cd /haven/source/docs && touch -d 2026-01-02T03:04:05Z sly';
  assert.equal((await ground.run(DRILL, kit, `echo before > /haven/source/docs/sly && ${sly}`)).code, 0);

  const full = await ground.write('full', first, undefined, { hashes: true });
  // Another content of the same size, and the time put back: plain duplicity goes by nothing else.
  assert.equal((await ground.run(DRILL, kit, `echo after! > /haven/source/docs/sly && ${sly}`)).code, 0);
  await ground.write('incremental', second, full, { hashes: true });
  const good = await restore(first);
  const stale = await restore(second);
  const names = await ground.run(DRILL, kit, 'cat /haven/out/new.problems');

  assert.equal(good.code, 0, good.said);
  assert.match(good.said, /^contents: each file has the hash that was recorded$/m);
  assert.equal(stale.code, 30, stale.said);
  assert.match(stale.said, /1 files do not hold what was backed up/);
  assert.match(stale.said, /^WHAT TO DO: ./m);
  assert.match(names.stdout, /^content sly$/);
});
