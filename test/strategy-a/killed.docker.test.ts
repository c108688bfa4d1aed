// kill -9, SIGTERM and a Swift that goes away in the middle of a backup: the next run goes on where that is right, and cleans up where it is not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execa } from 'execa';
import { createMachine, differences, type Machine, newestTime, noise, notes, type Ran } from './machine.ts';

const megabytes = 12;

/** Runs a backup that ends in the middle, after four volumes, by what `end` does to its container. */
async function cutOff(machine: Machine, ...end: string[]): Promise<Ran> {
  let parts = 0;
  const onEvent = ({ event }: { event: string }, container: string) => {
    if (event !== 'part') return;
    parts += 1;
    if (parts === 4) void execa('docker', [...end, container], { reject: false });
  };
  const ran = await machine.run('backup', { onEvent });
  assert.notEqual(ran.status, 0, 'it was to be cut off');
  assert.ok(parts < megabytes, 'it was to be cut off in the middle');
  return ran;
}

async function fill(machine: Machine): Promise<void> {
  for (let i = 0; i < megabytes; i += 1) machine.write(`file-${10 + i}`, noise(1_000_000, i + 1));
}

test('a killed full goes on from the same snapshot, and comes back whole', async (context) => {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  await fill(machine);

  await cutOff(machine, 'kill');
  const unfinished = await machine.run('list');
  const again = await machine.run('backup');
  const back = await machine.restore(await newestTime(machine.swift));

  assert.deepEqual([unfinished.result.count, unfinished.result.incompleteCount], [0, 1]);
  assert.equal(again.status, 0, again.stdout + again.stderr);
  assert.ok(notes(again).includes('resuming'), again.stdout);
  const first = again.events.find(({ event }) => event === 'part')?.part as number;
  assert.ok(first >= 2, `it went on at part ${first}`);
  assert.equal(back.status, 0, back.said);
  assert.equal(differences(machine.tree, back.tree), '');
  assert.equal((await machine.run('audit')).status, 0);
});

test('a killed full is not mixed with another snapshot: it is cleaned away first', async (context) => {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  await fill(machine);

  await cutOff(machine, 'kill');
  machine.write('a-new-first-file', 'the tree has changed');
  const again = await machine.run('backup', { snapshot: 'haven-2', guid: '222' });
  const back = await machine.restore(await newestTime(machine.swift));
  const list = await machine.run('list');

  assert.equal(again.status, 0, again.stdout + again.stderr);
  assert.ok(notes(again).includes('given-up'), again.stdout);
  assert.equal(differences(machine.tree, back.tree), '');
  assert.deepEqual([list.result.count, list.result.incompleteCount], [1, 0], 'nothing of the first is left');
});

test('without its state volume a killed full begins anew, and what it left is shown and never counted', async (context) => {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  await fill(machine);

  await cutOff(machine, 'kill');
  await machine.loseState();
  const again = await machine.run('backup');
  const more = await machine.run('backup');
  const back = await machine.restore(await newestTime(machine.swift));
  const list = await machine.run('list');

  assert.equal(again.status, 0, again.stdout + again.stderr);
  assert.equal((more.result.backups as { kind: string }[])[0]?.kind, 'incremental', more.stdout);
  assert.deepEqual([list.result.count, list.result.incompleteCount], [2, 1]);
  assert.equal(differences(machine.tree, back.tree), '');
  assert.equal((await machine.run('audit')).status, 0);
});

test('SIGTERM ends it in time as interrupted, and a killed incremental goes on as well', async (context) => {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  machine.write('small', 'first');
  await machine.run('backup');
  await fill(machine);

  const stopped = await cutOff(machine, 'stop', '--time', '30');
  const again = await machine.run('backup');
  const back = await machine.restore(await newestTime(machine.swift));

  assert.equal(stopped.status, 143, stopped.stdout + stopped.stderr);
  assert.equal(stopped.result.outcome, 'interrupted');
  assert.equal(again.status, 0, again.stdout + again.stderr);
  assert.ok(notes(again).includes('resuming'), again.stdout);
  assert.equal((again.result.backups as { kind: string }[])[0]?.kind, 'incremental');
  assert.equal(differences(machine.tree, back.tree), '');
});

test('a Swift that goes away for good in the middle is exit 11, and the next run goes on', async (context) => {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  await fill(machine);

  let parts = 0;
  const away = await machine.run('backup', {
    onEvent: ({ event }) => {
      parts += Number(event === 'part');
      if (event === 'part' && parts === 4) void machine.swift.docker('stop');
    },
  });
  await machine.swift.docker('start');
  const again = await machine.run('backup');

  assert.equal(away.status, 11, away.stdout + away.stderr);
  assert.equal(again.status, 0, again.stdout + again.stderr);
  assert.ok(notes(again).includes('resuming'), again.stdout);
});
