// Made test/golden/a/v1, once: strategy A's own image, with real duplicity, on a small tree, against a real Swift.
//   node test/golden/a/make.ts FOLDER
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createMachine, noise, passphrase, type Ran } from '../../strategy-a/machine.ts';
import { treeOf } from './golden-tree.ts';

const [out = ''] = process.argv.slice(2);
if (out === '' || existsSync(out))
  throw new Error(`${out} is there, or was not named: golden backups are made once`);

const machine = await createMachine();
try {
  const { tree, swift } = machine;
  mkdirSync(join(tree, 'a folder'));
  machine.write('a folder/with spaces, ünd ümlauts.txt', 'The first line.\n');
  machine.write('noise.bin', noise(40_000));
  machine.write('gone later', 'not for long\n');
  machine.write('sparse.bin', 'begin');
  truncateSync(join(tree, 'sparse.bin'), 50_000);
  linkSync(join(tree, 'noise.bin'), join(tree, 'a folder/hard link'));
  symlinkSync('../noise.bin', join(tree, 'a folder/link'));
  chmodSync(join(tree, 'gone later'), 0o600);
  chownSync(join(tree, 'noise.bin'), 1234, 5678);
  utimesSync(join(tree, 'noise.bin'), 946_684_799, 946_684_799);
  const full = backupOf(await machine.run('backup'));
  const before = treeOf(tree);
  machine.write('a folder/with spaces, ünd ümlauts.txt', 'The first line.\nA second line.\n');
  machine.write('new.bin', noise(9_000, 7));
  const incremental = backupOf(await machine.run('backup', { snapshot: 'haven-2', guid: '222' }));
  mkdirSync(join(out, 'objects'), { recursive: true });
  const objects = [];
  for (const { name } of await swift.list()) {
    const bytes = await swift.get(name);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file = name.replaceAll('/', '_');
    objects.push({ name, file, sha256 });
    writeFileSync(join(out, 'objects', file), bytes);
  }
  const write = (name: string, value: unknown) =>
    writeFileSync(join(out, name), `${JSON.stringify(value, null, 2)}\n`);
  write('objects.json', objects);
  write('expected.json', [
    { backup: full, kind: 'full', tree: before },
    { backup: incremental, kind: 'incremental', tree: treeOf(tree) },
  ]);
  writeFileSync(join(out, 'passphrase'), `${passphrase}\n`);
} finally {
  await machine.dispose();
}

function backupOf({ status, result, stdout, stderr }: Ran): string {
  const [backup] = (result.backups ?? []) as { id: string }[];
  if (status !== 0 || backup === undefined) throw new Error(`no backup: ${stdout}${stderr}`);
  return backup.id;
}
