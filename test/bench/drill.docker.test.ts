// The bench of the drill's fetch runs from end to end. Nothing here depends on how fast the machine is.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startDrive } from '../strategy-b/drive.ts';
import { drill } from './drill.ts';

async function place(context: TestContext) {
  const work = mkdtempSync('/var/tmp/haven-bench-');
  const drive = await startDrive();
  context.after(async () => {
    await drive.dispose();
    rmSync(work, { recursive: true });
  });
  return { work, cache: join(work, 'cache'), drive, mebibytes: 8, rounds: 1, tell: () => undefined };
}

test('the drill’s fetch and a shell are measured on the same parts, and over a line too', async (context) => {
  const figures = await drill(await place(context), [
    { compression: { method: 'zstd', level: 3 }, bytesPerSecond: 4e6 },
    { compression: { method: 'none' }, bytesPerSecond: null },
  ]);

  assert.equal(figures.length, 4);
  for (const { what, value } of figures) assert.ok(Number.isFinite(value) && value > 0, `${what}: ${value}`);
});

test('a shell or a drill that does not get all of the stream is no measurement', async (context) => {
  const here = await place(context);
  const none = [{ compression: { method: 'none' }, bytesPerSecond: null } as const];
  const tell = async () => void (await here.drive.admin('POST revoke', {}));

  // Between the rounds: the drill signs in anew each time.
  await assert.rejects(drill({ ...here, rounds: 2, tell: () => void tell() }, none), /ours failed/);
});
