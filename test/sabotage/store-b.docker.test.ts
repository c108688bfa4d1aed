// Every damage to a store of strategy B, through the real audit and the real fetch: red for the reason that controller/src/sabotage/damages.ts names, and green where nothing is wrong.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Backup } from '../../controller/src/contract/events.ts';
import { ensureKit } from '../../controller/src/kit/write-kit.ts';
import { tryStore, wholeCopy } from '../../controller/src/runs/sabotage-store.ts';
import { readCopy } from '../../controller/src/sabotage/copy.ts';
import { damages } from '../../controller/src/sabotage/damages.ts';
import { judgeCase } from '../../controller/src/sabotage/judge-case.ts';
import { strategyB } from '../../controller/src/strategies/b.ts';
import { removeAll } from '../../controller/testing/docker-ground.ts';
import { groundApp, makeGround } from '../../controller/testing/ground.ts';
import { type BackupOnDrive, PASSPHRASE, putBackup } from '../drill/backup-on-drive.ts';
import { type StartedEmulator, startEmulator } from '../servers/drive/tests/started-emulator.ts';

/** As the emulator tells of what it holds. */
interface StoredFile {
  id: string;
  name: string;
  appProperties: Record<string, Record<string, string>>;
  blobPath: string;
  blobSize: number;
}

let drive: StartedEmulator;
before(async () => {
  drive = await startEmulator();
});
after(() => drive.dispose());

async function copyAll(folder: string): Promise<void> {
  const { files } = (await drive.admin('GET files')) as unknown as { files: StoredFile[] };
  mkdirSync(folder, { recursive: true });
  const objects = files.map((stored, n) => {
    const file = String(n).padStart(6, '0');
    const properties = Object.values(stored.appProperties)[0]!;
    copyFileSync(stored.blobPath, join(folder, file));
    chmodSync(join(folder, file), 0o644);
    const manifest = properties.kind === 'manifest';
    return {
      ...{
        file,
        id: stored.id,
        name: stored.name,
        properties,
        bytes: stored.blobSize,
        backup: properties.backup,
      },
      ...(manifest ? { role: 'manifest' } : { role: 'data', part: Number(properties.part) }),
    };
  });
  writeFileSync(join(folder, 'objects.json'), JSON.stringify({ objects }));
}

function listed({ manifest }: BackupOnDrive): Backup {
  const { backup: id, chain, kind, base, stream, parts, source } = manifest;
  return {
    ...{ id, chain, kind, base, source: source.id!, guid: source.guid!, type: 'filesystem' },
    ...{ createdAt: source.createdAt!, committedAt: source.createdAt!, parts: parts.length },
    ...{ streamBytes: stream.bytes, streamSha256: stream.sha256, storedBytes: 1 },
  };
}

test('every damage to the store', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  writeFileSync(join(ground.folder, 'secrets/b/passphrase'), PASSPHRASE);
  ground.writeConfig({ image: 'haven/strategy-b', drillImage: 'haven/drill' });
  const app = groundApp(context, ground);
  await ensureKit(app, strategyB);
  const full = await putBackup(drive);
  const newest = await putBackup(drive, { on: full, guid: '7', committedAt: '2026-11-24T20:00:00.000Z' });
  const folder = join(ground.folder, 'runs/r-1');
  const sabotaged = { run: 'r-1', folder, ground: join(folder, 'ground'), strategy: strategyB };
  await copyAll(wholeCopy(sabotaged));
  const objects = readCopy(wholeCopy(sabotaged));
  const chain = [listed(full), listed(newest)];
  const ids = chain.map(({ id }) => id);

  const control = await tryStore(app, { ...sabotaged, objects, chain }, { changes: [], about: {} });
  assert.deepEqual(judgeCase({ audit: null, drill: null }, {}, control).wrong, []);
  for (const damage of damages) {
    await context.test(damage.what, async () => {
      const planned = damage.plan(objects, ids);
      assert.ok(typeof planned !== 'string', String(planned));

      const seen = await tryStore(app, { ...sabotaged, objects, chain }, planned);

      assert.deepEqual(judgeCase(damage.expected.b, planned.about, seen).wrong, [], JSON.stringify(seen));
    });
  }
});
