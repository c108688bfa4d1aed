// A store that takes the connection and never answers: strategy B gives up in its own time instead of waiting for ever.
import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { type Bench, createBench } from './harness.ts';

let bench: Bench;
const silent = createServer(() => {});

before(async () => {
  bench = await createBench([]);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  silent.close();
  await bench.dispose();
});

for (const name of ['tokenUrl', 'rootUrl'] as const) {
  test(`a ${name} that never answers ends in try-later`, async () => {
    const api = { rootUrl: `${bench.drive.url}/`, tokenUrl: `${bench.drive.url}/token` };
    api[name] = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;

    const run = await bench.run(
      'list',
      { settings: { api } },
      { requestIdleMs: 300, giveUpAfterMs: 1500, backoffBaseMs: 50, backoffMaxMs: 100 },
    );

    assert.equal(run.status, 11, run.stdout + run.stderr);
    assert.equal(run.result.error?.code, 'try-later');
  });
}
