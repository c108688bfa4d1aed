// Memory is constant, whatever the stream. Node and its libraries need 130 MB where nothing was compiled beforehand (the image: 90 MB), and here V8 is not told to collect early as in the image; read buffers wait for
// collection. What must not happen is that the bytes of a part are kept until the part is made: that alone would be 250 MB here (measured: 256 MB in all, and 455 MB when it does).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createBench, requestSource } from './harness.ts';
import { fakeSource } from './sources.ts';

const streamBytes = 300_000_000;
const limitBytes = 330_000_000;

test('a stream of 300 MB needs less than 330 MB of memory in all', async (t) => {
  const source = fakeSource({}, streamBytes);
  const bench = await createBench([source]);
  t.after(() => bench.dispose());
  const api = { rootUrl: `${bench.drive.url}/`, tokenUrl: `${bench.drive.url}/token` };
  const settings = { api, partBytes: 250_000_000, compression: { method: 'none' } };
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
