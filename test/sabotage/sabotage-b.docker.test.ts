// `haven drill --sabotage` of strategy B, whole, with the real images: the emulator stands for Google, a folder for the source's snapshot. There is no ZFS.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runSabotage } from '../../controller/src/runs/sabotage.ts';
import { treeCases } from '../../controller/src/sabotage/alterations.ts';
import { damages } from '../../controller/src/sabotage/damages.ts';
import type { SabotageReport } from '../../controller/src/sabotage/report.ts';
import { strategyB } from '../../controller/src/strategies/b.ts';
import { takeSnapshots } from '../../controller/src/zfs/snapshots.ts';
import { docker, removeAll } from '../../controller/testing/docker-ground.ts';
import { firstGuid } from '../../controller/testing/fake-zfs.ts';
import { datasetName, groundApp, makeGround } from '../../controller/testing/ground.ts';
import { PASSPHRASE, putBackup } from '../drill/backup-on-drive.ts';
import { CLIENT, type StartedEmulator, startEmulator } from '../servers/drive/tests/started-emulator.ts';
import { lastWords, writeTree } from './tree.ts';

let drive: StartedEmulator;
before(async () => {
  drive = await startEmulator();
});
after(() => drive.dispose());

test('every damage is red for its own reason, what is whole is green, the store is only read, and nothing is left', async (context) => {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const { id: client_id, secret: client_secret, refreshToken: refresh_token } = CLIENT;
  writeFileSync(join(ground.folder, 'secrets/b/passphrase'), PASSPHRASE);
  writeFileSync(
    join(ground.folder, 'secrets/b/google-oauth.json'),
    JSON.stringify({ client_id, client_secret, refresh_token }),
  );
  const api = { rootUrl: `${drive.url}/`, tokenUrl: `${drive.url}/token` };
  const images = { image: 'haven/strategy-b', drillImage: 'haven/drill', network: 'host' };
  ground.writeConfig({ ...images, settings: { api } });
  const app = groundApp(context, ground);
  await takeSnapshots(app.zfs, [datasetName], 'haven-1', 'r-0');
  const full = await putBackup(drive);
  await putBackup(drive, { on: full, guid: firstGuid, committedAt: '2026-11-24T20:00:00.000Z' });
  const tree = writeTree(context);
  const stored = (await drive.admin('GET files')).files;
  const onHost = {
    ...app,
    mountZfs: ({ to }: { to: string }) => ({ kind: 'folder', from: tree, to }) as const,
  };

  const [summary] = await runSabotage(onHost, [strategyB], {});

  const report = summary!.result as SabotageReport;
  assert.deepEqual(
    report?.rows.filter(({ came }) => came !== 'as demanded'),
    [],
    lastWords(app.home.runs, summary!.run),
  );
  assert.equal(
    report.rows.length,
    1 + treeCases.length + damages.filter(({ expected }) => expected.b).length,
  );
  assert.deepEqual([summary!.outcome, summary!.exit], ['ok', 0]);
  assert.equal(app.history.runs({ kind: 'sabotage' })[0]?.outcome, 'ok');
  assert.deepEqual((await drive.admin('GET files')).files, stored);
  assert.deepEqual(ground.zfsState().datasets[datasetName]!.snapshots[0]!.holds, []);
  assert.deepEqual(readdirSync(app.home.scratch), []);
  assert.equal(await docker('ps', '--all', '--quiet', '--filter', `name=${ground.name}`), '');
});
