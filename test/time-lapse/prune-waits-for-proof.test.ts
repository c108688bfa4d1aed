// A chain is deleted only after a newer one has passed a full restore drill: the real controller and the real strategy B, which make, drill and prune against the
// emulated Drive. What is in the store is counted there, not told by Haven.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runDrill } from '../../controller/src/runs/drill.ts';
import { applyPrune } from '../../controller/src/runs/prune.ts';
import { startDue } from '../../controller/src/schedule/start-due.ts';
import { strategyB } from '../../controller/src/strategies/b.ts';
import { dayMs, ofWeeks, openWorld, start, stored } from './life.ts';

/** A full every other day, of which only the newest two chains are kept for their own sake, and no drill but by hand. */
const rhythm = { ...ofWeeks, fullEvery: '2d', keepWithin: '1d', drill: '0 12 31 12 *' };

test('nothing goes before a newer chain was restored in full: not undrilled, not after a red drill, and not for a proof of an older chain', async (context) => {
  const { life, driveToo, close } = await openWorld(7, rhythm);
  context.after(close);
  const { app, clock, pool } = life;
  let day = 0;
  const backUp = async (days: number) => {
    for (const last = day + days; day < last; day += 1) {
      clock.set(start + day * dayMs + 4 * 3_600_000);
      await driveToo();
      const ended = await Promise.all(startDue(app, new Set()).map((one) => one.ended));
      for (const { outcome, error } of ended.flat()) assert.equal(outcome, 'ok', error?.message);
    }
  };
  const inStore = async () => (await stored(life)).map(({ name }) => name).toSorted();
  const prune = async () => {
    const before = await inStore();
    const { planned, applied } = await applyPrune(app, strategyB, undefined, () => {});
    const gone = planned.filter(({ goes }) => goes).length;
    assert.equal(applied === null, gone === 0);
    return { gone, before, after: await inStore() };
  };
  const drill = async () => (await runDrill(app, [strategyB], { trigger: 'hand' }))[0]!;
  await backUp(6);

  const undrilled = await prune();
  const { expected } = pool;
  pool.expected = (guid, base) => Buffer.concat([expected(guid, base), Buffer.from('other')]);
  const red = await drill();
  const afterRed = await prune();
  pool.expected = expected;
  const green = await drill();
  const afterGreen = await prune();
  await backUp(2);
  const ofNewChain = await prune();

  assert.deepEqual([red.outcome, red.exit, green.outcome], ['failed', 30, 'ok'], green.error?.message);
  assert.match(red.error?.message ?? '', /no-mismatch/);
  for (const nothing of [undrilled, afterRed, ofNewChain]) {
    assert.equal(nothing.gone, 0);
    assert.deepEqual(nothing.after, nothing.before);
  }
  assert.ok(afterGreen.gone >= 1, `${afterGreen.gone} chains`);
  assert.ok(afterGreen.after.length < afterGreen.before.length);
  assert.ok((await drill()).outcome === 'ok', 'what stayed can be restored');
});
