// Old chains are deleted from a real Swift: exactly those that the plan named, and only once the newest chain passed a drill.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMachine, differences, type LooseEvent, newestTime, type Ran } from './machine.ts';
import { names, twoChains } from './old-chains.ts';

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

function goes({ result, events }: Ran): number {
  const planned = events.filter((each: LooseEvent) => each.event === 'planned' && each.goes === true);
  const { goes: counted } = result.plan as { goes: number };
  assert.equal(planned.length, counted);
  return counted;
}

function digestOf({ result }: Ran): string {
  return (result.plan as { digest: string }).digest;
}
