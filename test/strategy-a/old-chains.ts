// A store with an old chain and a new one, as prune meets it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Machine, passphrase, type Ran } from './machine.ts';
import type { Swift } from './swift.ts';

/** A full and an incremental of two years ago by their manifests, and a full of now, of a snapshot with this GUID. */
export async function twoChains(
  machine: Machine,
  context: TestContext,
  guid = '3',
): Promise<{ old: string[]; newest: string }> {
  machine.write('file', 'first');
  await good(machine.run('backup', { snapshot: 'haven-1', guid: '1' }));
  machine.write('file', 'second');
  await good(machine.run('backup', { snapshot: 'haven-2', guid: '2' }));
  const old = await names(machine.swift);
  await makeOld(machine.swift, context);
  // The cache knows the manifests by their checksums.
  await machine.loseState();
  machine.write('file', 'third');
  const full = await good(machine.run('backup', { snapshot: 'haven-3', guid, kind: 'full' }));
  return { old, newest: (full.result.backups as { id: string }[])[0]!.id };
}

/** Whatever is in the store now was made two years earlier, by its manifests. */
export async function makeOld(swift: Swift, context: TestContext): Promise<void> {
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

export async function names(swift: Swift): Promise<string[]> {
  return (await swift.list()).map(({ name }) => name);
}
