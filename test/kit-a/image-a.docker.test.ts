// What image A itself wrote, the kit restores: nothing but FORMAT.md and the record of attributes is between them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { COMPARE, DRILL, type Ground, startGround } from './swift-and-kit.ts';

const ground: Ground = await startGround();
after(() => ground.dispose());

test('a full and an incremental of image A come back without a difference', async () => {
  const kit = ground.kit();
  await ground.backup('111');
  const change = 'cd /haven/source/docs && echo more > plain && ln deep/er/est/leaf another && rm empty';
  assert.equal((await ground.run(DRILL, kit, change)).code, 0);
  const { backups } = (await ground.backup('222')) as { backups: { id: string; kind: string }[] };
  const backup = backups[0]!;

  const fetched = await ground.run(DRILL, kit, `sh /kit/restore-a.sh restore ${backup.id} /haven/out/new`);
  const compared = await ground.run(DRILL, kit, COMPARE, ['--cap-add', 'DAC_READ_SEARCH']);

  assert.equal(backup.kind, 'incremental');
  assert.equal(fetched.code, 0, fetched.said);
  assert.equal(fetched.said.match(/^manifest: /gm)?.length, 2);
  assert.match(fetched.said, /^contents: each file has the hash that was recorded$/m);
  assert.match(compared.stdout, /^[1-9]\d* \{\}$/m, compared.stdout + compared.said);
});
