// Memory is constant, whatever the stream. Node needs 120 MB for itself and lets some 100 MB of read buffers wait for collection; a run that
// kept the stream would need 300 MB more. (Measured: 240 MB here, 264 MB for a stream of 900 MB.)
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createBench, requestSource } from './harness.ts';
import { fakeSource } from './sources.ts';

const streamBytes = 300_000_000;
const limitBytes = 340_000_000;

test('a stream of 300 MB needs less than 340 MB of memory in all', async (t) => {
  const source = fakeSource({}, streamBytes);
  const bench = await createBench([source]);
  t.after(() => bench.dispose());
  const api = { rootUrl: `${bench.drive.url}/`, tokenUrl: `${bench.drive.url}/token` };
  const settings = { api, partBytes: 64_000_000, compression: { method: 'none' } };
  const request = { kind: 'full', sources: [requestSource(source)], settings };

  const { child, ended } = bench.start('backup', request);
  let peak = 0;
  const watching = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid!));
  }, 50);
  const backup = await ended;
  clearInterval(watching);

  assert.equal(backup.status, 0, backup.stdout + backup.stderr);
  assert.ok(peak > 20_000_000 && peak < limitBytes, `${peak} bytes`);
});

function peakOf(pid: number): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0; // it has just ended
  }
}
