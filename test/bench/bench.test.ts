// The arithmetic of the bench, and that each scenario runs from end to end. Nothing here depends on how fast the machine is.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDrive } from '../strategy-b/drive.ts';
import { type Figure, isGood, median, table } from './figure.ts';
import { figuresOf, parseTimes } from './process-figures.ts';
import { scenarios } from './scenarios.ts';
import { figuresOf as figuresOfA } from './strategy-a.ts';
import { streamFile, streamPieces } from './stream.ts';
import { linesFor, secondsOnTheLine, strikes } from './uplink.ts';

const figure: Figure = { scenario: 's', what: 'w', value: 1, unit: '' };

test('a median is the middle of odd and even counts, and nothing has none', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.throws(() => median([]), /nothing/);
});

test('a figure is as good as its target says, and one that is no number is not', () => {
  assert.equal(isGood({ ...figure, value: 0.95, target: { atLeast: 0.95 } }), true);
  assert.equal(isGood({ ...figure, value: 0.94, target: { atLeast: 0.95 } }), false);
  assert.equal(isGood({ ...figure, value: 131, target: { atMost: 130 } }), false);
  assert.equal(isGood({ ...figure, value: Number.NaN, target: { atMost: 130 } }), false);
  assert.equal(isGood(figure), undefined);
});

test('the table says ok, NOT, or neither', () => {
  const lines = table([
    { ...figure, target: { atLeast: 1 } },
    { ...figure, target: { atLeast: 2 } },
    figure,
  ]).split('\n');

  assert.match(lines[0]!, /1\.000 {2}≥ 1 {2}ok$/);
  assert.match(lines[1]!, /≥ 2 {2}NOT$/);
  assert.doesNotMatch(lines[2]!, /ok|NOT/);
});

test('times are those of the last line, and CPU is user and system', () => {
  assert.deepEqual(parseTimes('9.9 9.9 9.9\nsome log\n1.5 0.25 0.5\n'), { seconds: 1.5, cpuSeconds: 0.75 });
  assert.throws(() => parseTimes('no times'), /told no times/);
});

test('a command that fails is no measurement', async () => {
  await assert.rejects(figuresOf(['sh', '-c', 'echo why >&2; exit 3']), /ended with 3: why/);
});

test('the line is in use from the first chunk’s begin until the last one’s bytes are through', () => {
  const requests = [
    { at: '2026-01-01T00:00:00Z', bodyBytes: 500 },
    { at: '2026-01-01T00:00:10Z', bodyBytes: 200 },
  ];

  assert.equal(secondsOnTheLine(requests, 100), 12);
});

test('only what was refused or cut counts as a fault that struck', () => {
  const statuses = [308, 503, 200, 'cut', 503, 401] as const;

  assert.deepEqual(strikes(statuses.map((status) => ({ status }))), { refused: 2, cut: 1 });
});

test('a line is never given more than the stream that was asked for', () => {
  assert.deepEqual(
    linesFor(100).map(({ mebibytes }) => mebibytes),
    [76, 100, 100],
  );
});

test('a stream is the same each time, another with another seed, and made once', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'haven-bench-'));
  t.after(() => rmSync(folder, { recursive: true }));

  const once = Buffer.concat([...streamPieces(2 ** 20, 1)]);

  assert.deepEqual(Buffer.concat([...streamPieces(2 ** 20, 1)]), once);
  assert.notDeepEqual(Buffer.concat([...streamPieces(2 ** 20, 2)]), once);
  assert.deepEqual(readFileSync(streamFile(folder, 1, 1)), once);
  assert.equal(existsSync(`${streamFile(folder, 1, 1)}.made`), false);
});

test('strategy A is compared round by round, and its worst peak counts', () => {
  const cost = { seconds: 10, cpuSeconds: 4, largestBytes: 50e6, togetherBytes: 60e6 };
  const ours = [
    { ...cost, seconds: 20 },
    { ...cost, seconds: 10, togetherBytes: 90e6 },
    { ...cost, seconds: 12.5, cpuSeconds: 8 },
  ];

  const [speed, cpu, memory] = figuresOfA('none', [cost, cost, cost], ours);

  assert.deepEqual([speed?.value, cpu?.value, memory?.value], [0.8, 1, 90]);
  assert.equal(isGood(speed!), false);
});

test('each scenario runs and gives figures that are numbers', async (t) => {
  const work = mkdtempSync(join(tmpdir(), 'haven-bench-'));
  const drive = await startDrive();
  t.after(async () => {
    await drive.dispose();
    rmSync(work, { recursive: true });
  });
  const place = { ...{ work, cache: join(work, 'cache'), drive, mebibytes: 1 }, longMebibytes: 2, rounds: 1 };

  for (const [name, scenario] of Object.entries(scenarios)) {
    // These need Docker: strategy-a.docker.test.ts, drill.docker.test.ts.
    if (name === 'strategy-a' || name === 'drill') continue;
    const figures = await scenario({ ...place, shortMebibytes: 1, tell: () => undefined });

    assert.ok(figures.length > 0, name);
    for (const { what, value } of figures)
      assert.ok(Number.isFinite(value) && value > 0, `${what}: ${value}`);
  }
});
