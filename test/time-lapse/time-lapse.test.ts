// Two weeks of what `make time-lapse` shows in two years.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { live, ofWeeks } from './life.ts';

test('two weeks with outages, losses and prunes: never without a proven restorable backup, but where the status said so', async () => {
  const months = await live({ days: 15, seed: 3, rhythm: ofWeeks, onMonth: () => {} });

  assert.equal(months.length, 1);
  const [month] = months;
  assert.ok(month!.backups >= 8, JSON.stringify(month));
  assert.ok(month!.fulls >= 3 && month!.green >= 6 && month!.chainsPruned >= 1, JSON.stringify(month));
  for (const what of [
    /Drive is down/,
    /state volume is lost/,
    /server is off/,
    /loses one object/,
    /passphrase is changed/,
  ])
    assert.ok(
      month!.happened.some((one) => what.test(one)),
      `${what}`,
    );
});
