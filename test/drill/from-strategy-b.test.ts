// The two ends meet: what strategy B itself wrote, the kit's program lists and gives back.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { type Bench, createBench, passphrase, type RunResult } from '../strategy-b/harness.ts';
import { fakeSource } from '../strategy-b/sources.ts';
import { makeKit } from './backup-on-drive.ts';

const source = fakeSource();
let bench: Bench;
let backup: RunResult;
let kit: string;

before(async () => {
  bench = await createBench([source]);
  backup = await bench.backup([source]);
  kit = await makeKit(bench.drive);
  writeFileSync(join(kit, 'passphrase'), `${passphrase}\n`);
});
after(async () => {
  await bench.dispose();
  rmSync(kit, { recursive: true, force: true });
});

test('restore-b.sh gives back the stream that strategy B was given', async () => {
  const made = backup.result.backups?.[0];
  assert.ok(made, backup.stdout + backup.stderr);

  const listed = await execa('dash', [join(kit, 'restore-b.sh'), 'list']);
  const run = await execa('dash', [join(kit, 'restore-b.sh'), 'stream', made.id], {
    encoding: 'buffer',
    stripFinalNewline: false,
  });

  assert.match(listed.stdout, new RegExp(`^${made.id}\tfull\t.*\thome\t${source.stream.length}$`));
  assert.ok(Buffer.from(run.stdout).equals(source.stream));
});
