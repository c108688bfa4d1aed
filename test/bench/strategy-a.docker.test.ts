// The bench of strategy A runs from end to end. Nothing here depends on how fast the machine is.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSwift } from '../servers/swift/tests/started-swift.ts';
import { plainDuplicity } from './duplicity.ts';
import { makeTree, strategyA } from './strategy-a.ts';

test('strategy A and plain duplicity are measured on the same tree', async (t) => {
  const work = mkdtempSync(join(tmpdir(), 'haven-bench-'));
  t.after(() => rmSync(work, { recursive: true }));
  const place = { work, mebibytes: 8, rounds: 1, tell: () => undefined };

  const figures = await strategyA(place, ['none']);

  for (const { what, value } of figures) assert.ok(Number.isFinite(value) && value > 0, `${what}: ${value}`);
  assert.ok((figures[2]?.value ?? 0) > 20, 'Python alone takes that much');
});

test('a plain duplicity that must try anything twice is no measurement', async (t) => {
  const work = mkdtempSync(join(tmpdir(), 'haven-bench-'));
  const swift = await startSwift();
  t.after(async () => {
    await swift.dispose();
    rmSync(work, { recursive: true });
  });
  const tree = makeTree(join(work, 'tree'), 1);
  await swift.fault('not-found-404', { class: 'object', method: 'HEAD' });

  const run = plainDuplicity({ tree, work, compression: 'none', swift: swift.container, container: 'plain' });

  await assert.rejects(run, /stumbled|ended with/);
});
