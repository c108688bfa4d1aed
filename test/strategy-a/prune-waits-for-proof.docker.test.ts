// A chain of strategy A is deleted only after a newer one has passed a full drill: the real controller, the real image, a real Swift; fetched and compared by the real drill. What is in the
// store is counted there, not told by Haven.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { App } from '../../controller/src/app.ts';
import { runDrill } from '../../controller/src/runs/drill.ts';
import { provenBackups } from '../../controller/src/runs/proven.ts';
import { applyPrune } from '../../controller/src/runs/prune.ts';
import { runStreamDrill } from '../../controller/src/runs/stream-drill.ts';
import { strategyA } from '../../controller/src/strategies/a.ts';
import { takeSnapshots } from '../../controller/src/zfs/snapshots.ts';
import { removeAll } from '../../controller/testing/docker-ground.ts';
import { firstGuid } from '../../controller/testing/fake-zfs.ts';
import { datasetName, groundApp, makeGround } from '../../controller/testing/ground.ts';
import { createMachine, type Machine, passphrase } from './machine.ts';
import { names, twoChains } from './old-chains.ts';
import { drillWithoutPools } from './pool-in-a-folder.ts';
import { account } from './swift.ts';

test('nothing goes before the newer chain was restored in full: not undrilled, not after a red drill, not for one that only reads', async (context) => {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  const { old, newest } = await twoChains(machine, context, firstGuid);
  const { app, source } = await controllerOf(context, machine);
  const prune = async () => {
    const { planned, applied, error } = await applyPrune(app, strategyA, undefined, () => {});
    assert.deepEqual([error, applied === null], [null, !planned.some(({ goes }) => goes)]);
    if (applied !== null) assert.equal(applied.outcome, 'ok', applied.error?.message);
    return await names(machine.swift);
  };
  const drill = async () => (await runDrill(app, [strategyA], { trigger: 'hand' }))[0]!;
  const before = await names(machine.swift);
  const proven = () => provenBackups(app.history, strategyA);

  const undrilled = await prune();
  const [read] = await runStreamDrill(app, [strategyA], { trigger: 'hand' });
  const afterRead = await prune();
  writeFileSync(join(source, 'file'), 'other');
  const red = await drill();
  const afterRed = [proven(), await prune()];
  copyTree(machine.tree, source);
  const green = await drill();
  const afterGreen = [proven(), await prune()];
  const again = await drill();

  assert.deepEqual([undrilled, afterRead, afterRed], [before, before, [[], before]]);
  assert.equal(read!.outcome, 'ok', read!.error?.message);
  assert.deepEqual([red.outcome, red.exit], ['failed', 30]);
  assert.match(red.error?.message ?? '', /no-mismatch/);
  assert.equal(green.outcome, 'ok', green.error?.message);
  const kept = before.filter((name) => !old.includes(name));
  assert.deepEqual(afterGreen, [[newest], kept], 'all of the old chain, and nothing else');
  assert.ok(old.length > 0 && kept.length > 0);
  assert.equal(again.outcome, 'ok', 'what stayed can be restored');
});

function copyTree(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  execFileSync('cp', ['-a', from, to]);
}

/** On its host lies the newest chain's snapshot, as the folder `source`. */
async function controllerOf(context: TestContext, machine: Machine): Promise<{ app: App; source: string }> {
  const folder = mkdtempSync('/var/tmp/haven-prune-a-');
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const [source, restored] = [join(folder, 'source'), join(folder, 'restored')];
  copyTree(machine.tree, source);
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  writeFileSync(join(ground.folder, 'secrets/a/passphrase'), passphrase);
  writeFileSync(join(ground.folder, 'secrets/a/swift.json'), JSON.stringify(account));
  const settings = {
    auth: { version: 1, url: 'http://swift:8080/auth/v1.0' },
    ...{ keepWithin: '30d', keepChains: 1 },
  };
  const images = { image: 'haven/strategy-a', drillImage: await drillWithoutPools(context) };
  ground.writeConfig({ ...images, network: machine.swift.name, strategies: ['a'], id: 'data', settings });
  const app = groundApp(context, ground);
  await takeSnapshots(app.zfs, [datasetName], 'haven-3', 'r-0');
  const mountZfs: App['mountZfs'] = ({ device, to, writable = false }) => {
    if (device.startsWith(datasetName)) return { kind: 'folder', from: source, to };
    // A new pool: nothing of an earlier drill is in it.
    if (writable) {
      rmSync(restored, { recursive: true, force: true });
      mkdirSync(restored, { mode: 0o755 });
    }
    assert.ok(writable || readdirSync(restored).length > 0);
    return { kind: 'folder', from: restored, to, writable };
  };
  return { app: { ...app, mountZfs }, source };
}
