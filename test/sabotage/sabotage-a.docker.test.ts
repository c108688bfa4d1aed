// `haven drill --sabotage` of strategy A, whole, with the real images, a real Swift for the provider and another for the copies. There is no ZFS.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { treeCases } from '../../controller/src/sabotage/alterations.ts';
import { damages } from '../../controller/src/sabotage/damages.ts';
import type { SabotageReport } from '../../controller/src/sabotage/report.ts';
import { said } from '../../controller/testing/command-line.ts';
import { docker, removeAll } from '../../controller/testing/docker-ground.ts';
import { groundApp, makeGround } from '../../controller/testing/ground.ts';
import { createMachine, noise, passphrase } from '../strategy-a/machine.ts';
import { account } from '../strategy-a/swift.ts';
import { lastWords } from './tree.ts';

test('every damage is red for its own reason, what is whole is green, the store is only read, and nothing is left', async (context) => {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  machine.write('large', noise(2_500_000));
  for (const n of [1, 2]) {
    machine.write('small', noise(1000 * n, n));
    const ran = await machine.run('backup', { snapshot: `haven-${n}`, guid: `${n}` });
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  }
  const stored = await machine.swift.list();
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  writeFileSync(join(ground.folder, 'secrets/a/passphrase'), passphrase);
  writeFileSync(join(ground.folder, 'secrets/a/swift.json'), JSON.stringify(account));
  const settings = { auth: { version: 1, url: 'http://swift:8080/auth/v1.0' } };
  const images = { image: 'haven/strategy-a', drillImage: 'haven/drill', network: machine.swift.name };
  ground.writeConfig({ ...images, strategies: ['a'], id: 'data', settings });
  const app = groundApp(context, ground);

  const surroundings = { ...app, signal: new AbortController().signal };
  const ran = await said(['--home', ground.folder, 'drill', 'a', '--sabotage', '--json'], surroundings);

  const { error, sabotages } = JSON.parse(ran.stdout);
  const report = sabotages[0].result as SabotageReport;
  assert.deepEqual(
    report?.rows.filter(({ came }) => came !== 'as demanded'),
    [],
    lastWords(app.home.runs, sabotages[0].run),
  );
  assert.equal(
    report.rows.length,
    1 + treeCases.length + damages.filter(({ expected }) => expected.a).length,
  );
  assert.deepEqual([error, ran.exit, sabotages[0].outcome, report.pass], [null, 0, 'ok', true]);
  assert.equal(app.history.runs({ kind: 'sabotage' })[0]?.outcome, 'ok');
  assert.deepEqual(await machine.swift.list(), stored);
  assert.deepEqual(readdirSync(app.home.scratch), []);
  assert.equal(await docker('ps', '--all', '--quiet', '--filter', `name=${ground.name}`), '');
});
