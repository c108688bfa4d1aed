// A full and incrementals by the real image to a real Swift, read back by stock duplicity with nothing but the store and the passphrase.
import assert from 'node:assert/strict';
import { mkdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import {
  createMachine,
  dataset,
  differences,
  image,
  newestTime,
  noise,
  notes,
  passphrase,
} from './machine.ts';

test('a full and two incrementals come back, also a file whose time of modification was put back', async (context) => {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  const { tree, swift } = machine;
  mkdirSync(join(tree, 'folder'));
  machine.write('folder/canary-file-name', 'first');
  machine.write('large', noise(3_500_000));
  machine.write('sly', 'before');
  const then = statSync(join(tree, 'sly')).mtime;

  const full = await machine.run('backup');
  machine.write('folder/canary-file-name', 'second');
  const second = await machine.run('backup', { snapshot: 'haven-2', guid: '222' });
  machine.write('sly', 'after!');
  utimesSync(join(tree, 'sly'), then, then);
  const third = await machine.run('backup', { snapshot: 'haven-3', guid: '333' });
  const back = await machine.restore(await newestTime(swift));
  const list = await machine.run('list', { readOnlyState: true });
  const audit = await machine.run('audit', { readOnlyState: true });

  for (const [ran, kind] of [
    [full, 'full'],
    [second, 'incremental'],
    [third, 'incremental'],
  ] as const) {
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
    assert.equal((ran.result.backups as { kind: string }[])[0]?.kind, kind);
  }
  assert.equal(full.events.filter(({ event }) => event === 'part').length, 4);
  assert.ok(notes(third).includes('looked-closer'), third.stdout);
  assert.equal(back.status, 0, back.said);
  assert.equal(differences(tree, back.tree), '');
  assert.ok(statSync(back.record).size > 0, 'the record of attributes is in the backup');
  assert.equal(list.result.count, 3, list.stdout);
  assert.equal(list.result.incompleteCount, 0);
  assert.equal(audit.status, 0, audit.stdout);
  const facts = audit.result.audit as { backups: number; parts: number; downloads: number };
  assert.deepEqual([facts.backups, facts.parts, facts.downloads], [3, 6, 0], 'and it downloads nothing');
  const manifests = '/haven/state/chains/data/archive/haven/*.manifest';
  const cat = ['--entrypoint', 'sh', image, '-c', `grep -ah ^Hostname ${manifests}`];
  const state = `type=volume,src=${swift.name}-state,dst=/haven/state,readonly`;
  const { stdout } = await execa('docker', ['run', '--rm', '--user', '0', '--mount', state, ...cat]);
  assert.deepEqual(stdout.split('\n'), Array(3).fill('Hostname haven'), 'the same in each run');
  for (const { name } of await swift.list()) {
    const head = await swift.get(name);
    // RFC 4880 5.3 and 3.7.1.3: version 4, AES256, iterated and salted; the coded count, 0xff, stands for 65011712.
    assert.deepEqual([...head.subarray(2, 5), head[14]], [4, 9, 3, 0xff], `${name}: how its key is derived`);
  }

  const told = [full, second, third, list, audit].map((ran) => ran.stdout + ran.stderr).join('\n');
  const names = (await swift.list()).map(({ name }) => name).join('\n');
  for (const canary of ['canary-file-name', dataset, passphrase, 'havenpass', 'haven-3']) {
    assert.ok(!told.includes(canary), `${canary} is in what the image said`);
    assert.ok(!names.includes(canary), `${canary} is in the names of objects`);
  }
});

test('without its state volume an incremental still goes on, and still sees what the time of modification hides', async (context) => {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  const { tree, swift } = machine;
  machine.write('sly', 'before');
  machine.write('other', noise(20_000));
  const then = statSync(join(tree, 'sly')).mtime;

  await machine.run('backup');
  machine.write('sly', 'after!');
  utimesSync(join(tree, 'sly'), then, then);
  await machine.loseState();
  const second = await machine.run('backup', { snapshot: 'haven-2', guid: '222' });
  const back = await machine.restore(await newestTime(swift));

  assert.equal(second.status, 0, second.stdout + second.stderr);
  assert.equal((second.result.backups as { kind: string }[])[0]?.kind, 'incremental');
  assert.equal(differences(tree, back.tree), '');
});
