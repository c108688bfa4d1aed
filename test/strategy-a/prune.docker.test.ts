// Old chains are deleted from a real Swift: exactly those that the plan named, and only once the newest chain passed a drill.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  createMachine,
  differences,
  type LooseEvent,
  type Machine,
  newestTime,
  passphrase,
  type Ran,
} from './machine.ts';
import type { Swift } from './swift.ts';

const settings = { keepWithin: '30d', keepChains: 1 };

test('a chain that is old enough goes as a whole, after a drill of the newest and by a plan that still holds', async (context) => {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  const { old, newest } = await twoChains(machine, context);
  const { swift } = machine;
  const before = await names(swift);

  const unproven = await machine.run('prune', { settings });
  const plan = await machine.run('prune', { settings, more: { proven: [newest] } });
  const digest = digestOf(plan);
  const other = await machine.run('prune', {
    settings,
    more: { proven: [newest], plan: { digest: digest.replace(/^./, (c) => (c === '0' ? '1' : '0')) } },
  });
  const untouched = await names(swift);
  const applied = await machine.run('prune', { settings, more: { proven: [newest], plan: { digest } } });
  const after = await names(swift);

  assert.deepEqual([goes(unproven), goes(plan)], [0, 1]);
  assert.match(JSON.stringify(unproven.events), /has not passed a full drill/);
  assert.equal(other.status, 3, other.stdout);
  assert.deepEqual(untouched, before, 'looking, and a plan that does not hold, delete nothing');
  assert.equal(applied.status, 0, applied.stdout + applied.stderr);
  assert.deepEqual(
    after,
    before.filter((name) => !old.includes(name)),
    'all of the old chain, and nothing else',
  );
  assert.equal((applied.result.pruned as { files: number }).files, old.length);

  const back = await machine.restore(await newestTime(swift));
  assert.deepEqual([back.status, differences(machine.tree, back.tree)], [0, ''], back.said);
  const audit = await machine.run('audit');
  assert.equal(audit.status, 0, audit.stdout);
});

/** A full and an incremental of two years ago by their manifests, and a full of now. */
async function twoChains(machine: Machine, context: TestContext): Promise<{ old: string[]; newest: string }> {
  machine.write('file', 'first');
  await good(machine.run('backup', { snapshot: 'haven-1', guid: '1' }));
  machine.write('file', 'second');
  await good(machine.run('backup', { snapshot: 'haven-2', guid: '2' }));
  const old = await names(machine.swift);
  await makeOld(machine.swift, context);
  // The cache knows the manifests by their checksums.
  await machine.loseState();
  machine.write('file', 'third');
  const full = await good(machine.run('backup', { snapshot: 'haven-3', guid: '3', kind: 'full' }));
  return { old, newest: (full.result.backups as { id: string }[])[0]!.id };
}

async function makeOld(swift: Swift, context: TestContext): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'haven-gpg-'));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  for (const name of (await names(swift)).filter((each) => each.includes('haven-manifest'))) {
    const manifest = JSON.parse(gpg(home, await swift.get(name), '--decrypt').toString()) as {
      createdAt: string;
    };
    manifest.createdAt = manifest.createdAt.replace(/^\d{4}/, (year) => String(Number(year) - 2));
    await swift.put(name, gpg(home, Buffer.from(JSON.stringify(manifest)), '--symmetric'));
  }
}

function gpg(home: string, input: Buffer, verb: string): Buffer {
  const args = ['--homedir', home, '--batch', '--quiet', '--pinentry-mode', 'loopback'];
  const run = spawnSync('gpg', [...args, '--passphrase', passphrase, verb], { input });
  assert.equal(run.status, 0, String(run.stderr));
  return run.stdout;
}

async function good(run: Promise<Ran>): Promise<Ran> {
  const ran = await run;
  assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  return ran;
}

async function names(swift: Swift): Promise<string[]> {
  return (await swift.list()).map(({ name }) => name);
}

function goes({ result, events }: Ran): number {
  const planned = events.filter((each: LooseEvent) => each.event === 'planned' && each.goes === true);
  const { goes: counted } = result.plan as { goes: number };
  assert.equal(planned.length, counted);
  return counted;
}

function digestOf({ result }: Ran): string {
  return (result.plan as { digest: string }).digest;
}
