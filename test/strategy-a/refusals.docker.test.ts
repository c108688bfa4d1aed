// What must not become a backup: each refusal with the contract's exit code, and nothing written.
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type Asked,
  createMachine,
  dataset,
  differences,
  type Machine,
  noise,
  notes,
  type Ran,
} from './machine.ts';

async function withBackup(context: TestContext): Promise<Machine> {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  for (const name of ['one', 'two', 'three']) machine.write(name, noise(10_000));
  const first = await machine.run('backup');
  assert.equal(first.status, 0, first.stdout + first.stderr);
  return machine;
}

/** Runs a backup that must be refused, and holds that the store is what it was. */
async function refused(machine: Machine, asked: Asked): Promise<Ran> {
  const before = await machine.swift.list();
  const ran = await machine.run('backup', { snapshot: 'haven-2', guid: '222', ...asked });
  assert.deepEqual(await machine.swift.list(), before, 'nothing was written');
  assert.equal((ran.result.backups as unknown[] | undefined)?.length ?? 0, 0);
  return ran;
}

test('another passphrase than that of the backups in the store is exit 3, even for a full', async (context) => {
  const machine = await withBackup(context);

  for (const kind of ['full', 'auto'] as const) {
    const ran = await refused(machine, { passphrase: 'another one', kind });

    assert.equal(ran.status, 3, ran.stdout + ran.stderr);
    assert.match(JSON.stringify(ran.result.error), /passphrase-a\.md/);
  }
  await machine.loseState();
  assert.equal(
    (await refused(machine, { passphrase: 'another one', kind: 'full' })).status,
    3,
    'nor without a cache',
  );
});

test('a new passphrase begins a full in a container of its own, and the old backups open with the old one', async (context) => {
  const machine = await withBackup(context);
  const before = await machine.swift.list();
  const other = 'a second passphrase';
  const settings = { container: 'haven-2' };

  machine.write('four', noise(10_000, 4));
  const first = await machine.run('backup', {
    snapshot: 'haven-2',
    guid: '222',
    passphrase: other,
    settings,
  });
  machine.write('five', noise(10_000, 5));
  const next = await machine.run('backup', { snapshot: 'haven-3', guid: '333', passphrase: other, settings });
  const old = await machine.restore('now');
  const now = await machine.restore('now', { container: 'haven-2', passphrase: other });
  const mixed = await machine.restore('now', { container: 'haven-2' });

  const kinds = [first, next].map(({ result }) => (result.backups as { kind: string }[])[0]?.kind);
  assert.deepEqual(
    [first.status, next.status, ...kinds],
    [0, 0, 'full', 'incremental'],
    first.stdout + next.stdout,
  );
  assert.deepEqual(notes(first), ['full'], 'and nothing is missed');
  assert.deepEqual(await machine.swift.list(), before, 'nothing of the old container changed');
  assert.deepEqual([old.status, now.status], [0, 0], old.said + now.said);
  assert.deepEqual(readdirSync(old.tree).sort(), ['one', 'three', 'two']);
  assert.equal(differences(machine.tree, now.tree), '');
  assert.notEqual(mixed.status, 0, 'the old passphrase does not open the new ones');
});

test('another snapshot than the named one, an empty source, and one that lost more than half are exit 20', async (context) => {
  const machine = await withBackup(context);

  const other = await refused(machine, { mounted: `${dataset}@haven-1` });
  rmSync(join(machine.tree, 'one'));
  rmSync(join(machine.tree, 'two'));
  const shrunk = await refused(machine, {});
  const meant = await machine.run('backup', {
    snapshot: 'haven-2',
    guid: '222',
    settings: { allowShrink: true },
  });
  rmSync(join(machine.tree, 'three'));
  const empty = await refused(machine, { snapshot: 'haven-3', settings: { allowShrink: true } });

  assert.deepEqual([other.status, shrunk.status, meant.status, empty.status], [20, 20, 0, 20]);
  assert.match(JSON.stringify(shrunk.result.error), /allowShrink/);
  for (const ran of [other, shrunk, empty]) assert.ok(!ran.stdout.includes(dataset));
});

test('a file that cannot be read is exit 20, and leaves no set that the next one could build upon', async (context) => {
  const machine = await withBackup(context);
  machine.write('unreadable', '');

  // A file of the kernel's that even root may not open without privileges it does not have.
  const ran = await refused(machine, { unreadable: 'unreadable' });
  const next = await machine.run('backup', { snapshot: 'haven-3', guid: '333' });

  assert.equal(ran.status, 20, ran.stdout + ran.stderr);
  assert.equal(next.status, 0, next.stdout + next.stderr);
  assert.equal((next.result.backups as { kind: string }[])[0]?.kind, 'incremental');
});

test('refused credentials are exit 22, a store that is down is exit 11', async (context) => {
  const machine = await withBackup(context);

  const wrong = await refused(machine, { password: 'not the one' });
  await machine.swift.docker('stop');
  const down = await machine.run('list', { settings: {} });
  await machine.swift.docker('start');

  assert.equal(wrong.status, 22, wrong.stdout + wrong.stderr);
  assert.equal(down.status, 11, down.stdout + down.stderr);
});

test('two sources of which one fails are partial, and the good one counts', async (context) => {
  const machine = await withBackup(context);
  const source = { id: 'data', dataset, snapshot: 'haven-1', guid: '111' };

  const ran = await machine.run('backup', { more: { sources: [{ ...source, id: 'other' }, source] } });

  assert.equal(ran.status, 10, ran.stdout + ran.stderr);
  assert.deepEqual(
    (ran.result.sources as { id: string; outcome: string }[]).map(({ id, outcome }) => [id, outcome]),
    [
      ['other', 'failed'],
      ['data', 'ok'],
    ],
  );
  assert.deepEqual(notes(ran), []);
});
