// A Swift that crawls, pauses and hangs up, and one that has no room left: the backup gets through, or ends as store-full and is gone on with once there is room.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createMachine, differences, type Machine, newestTime, noise, notes, type Ran } from './machine.ts';

const megabytes = 6;

async function filled(context: TestContext): Promise<Machine> {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  for (let i = 0; i < megabytes; i += 1) machine.write(`file-${i}`, noise(1_000_000, i + 1));
  return machine;
}

/** The store has one whole backup, and it is the tree. */
async function isWhole(machine: Machine): Promise<void> {
  const audit = await machine.run('audit');
  const list = await machine.run('list');
  const back = await machine.restore(await newestTime(machine.swift));

  assert.equal(audit.status, 0, audit.stdout);
  assert.deepEqual([list.result.count, list.result.incompleteCount], [1, 0], list.stdout);
  assert.deepEqual([back.status, differences(machine.tree, back.tree)], [0, ''], back.said);
  assert.deepEqual(await machine.swift.remainingFaults(), [], 'every planned fault happened');
}

const parts = ({ events }: Ran) =>
  events.filter(({ event }) => event === 'part').map(({ part }) => part as number);

const puts = { class: 'object', method: 'PUT' };

test('a Swift that crawls, pauses, answers 503 and 401 and hangs up is got through, and all of it arrives once', async (context) => {
  const machine = await filled(context);
  const { swift } = machine;
  // What one takes, those after it do not see: so each strikes at another request, and again at the next try.
  await swift.fault('slow', { ...puts, bytesPerSecond: 100_000 });
  await swift.fault('reset-inside-body', { ...puts, afterBytes: 400_000 });
  await swift.fault('stall', { ...puts, nth: 2, seconds: 8, afterBytes: 100_000 });
  await swift.fault('server-error-503', { ...puts, nth: 3 });
  await swift.fault('answer-lost', { ...puts, nth: 3 });
  await swift.fault('unauthorized-401', { ...puts, nth: 4 });

  const ran = await machine.run('backup');

  assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  const told = parts(ran);
  assert.deepEqual(
    told,
    told.map((_, n) => n),
    'each part is told once',
  );
  assert.ok(told.length >= megabytes);
  assert.deepEqual(notes(ran), ['full']);
  await isWhole(machine);
});

test('a store that is full (413 of a quota, 507 of a disk) is exit 21; once there is room the same backup goes on where it was', async (context) => {
  const machine = await filled(context);
  const { swift } = machine;
  await swift.fault('too-large-413', { ...puts, nth: 4 });

  const full = await machine.run('backup');
  const list = await machine.run('list');
  await swift.fault('full-507', { ...puts, nth: 3 });
  const still = await machine.run('backup');
  const again = await machine.run('backup');

  for (const ran of [full, still]) {
    assert.equal(ran.status, 21, ran.stdout + ran.stderr);
    assert.equal((ran.result.error as { code: string }).code, 'store-full');
    assert.match(JSON.stringify(ran.result.error), /get more room/);
  }
  assert.deepEqual(
    [list.status, list.result.count, list.result.incompleteCount],
    [0, 0, 1],
    'it is shown, and not counted',
  );
  assert.equal(again.status, 0, again.stdout + again.stderr);
  assert.deepEqual([notes(still), notes(again)], [['resuming'], ['resuming']]);
  assert.ok(Math.min(...parts(again)) >= 2, `what was stored is not sent again: ${parts(again)}`);
  await isWhole(machine);
});

// What is stored after the volumes, in this order.
for (const [nth, what, note] of [
  [1, 'the signatures', 'resuming'],
  [2, 'duplicity’s manifest', 'finishing'],
  [3, 'Haven’s manifest', 'finishing'],
] as const) {
  test(`a store that is full just when ${what} should go there costs no volume`, async (context) => {
    const machine = await createMachine();
    context.after(() => machine.dispose());
    for (const n of [1, 2, 3]) machine.write(`file-${n}`, noise(800_000, n));
    await machine.swift.fault('full-507', { ...puts, nth: 3 + nth });

    const full = await machine.run('backup');
    const before = await volumes(machine);
    const again = await machine.run('backup');

    assert.deepEqual([full.status, before.length], [21, 3], full.stdout);
    assert.equal(again.status, 0, again.stdout + again.stderr);
    assert.ok(notes(again).includes(note), again.stdout);
    const [first] = again.result.backups as { kind: string; parts: number }[];
    assert.deepEqual([first?.kind, first?.parts], ['full', 3]);
    // duplicity makes the last one again where it goes on itself.
    assert.deepEqual(
      (await volumes(machine)).slice(0, 2),
      before.slice(0, 2),
      'the very same, not sent again',
    );
    const back = await machine.restore(await newestTime(machine.swift));
    assert.deepEqual([back.status, differences(machine.tree, back.tree)], [0, ''], back.said);
    assert.deepEqual(await machine.swift.remainingFaults(), []);
  });
}

async function volumes({ swift }: Machine): Promise<string[]> {
  const found = (await swift.list()).filter(({ name }) => /duplicity-full\..*\.vol/.test(name));
  return found.map(({ name, hash }) => `${name} ${hash}`);
}
