import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { groundApp, makeGround } from '../../testing/ground.ts';
import { makeRunFolder } from './run-folder.ts';
import { newRunId } from './run-id.ts';
import { planTidying, tidyRunFolders } from './tidy-run-folders.ts';

const now = new Date('2027-06-01T12:00:00Z');
const dayMs = 86_400_000;

function daily(count: number, kind: string, from = 0): string[] {
  return Array.from({ length: count }, (_, day) =>
    newRunId(new Date(now.getTime() - (from + day) * dayMs), kind, 'b', 'abcdef'),
  );
}

test('folders of more than 180 days ago go, and no others', () => {
  const folders = daily(200, 'backup');

  assert.deepEqual(planTidying(folders, new Set(), now), folders.slice(181));
});

test('the newest fifty of each kind stay, however old', () => {
  const drills = daily(60, 'drill', 300);
  const audits = daily(49, 'audit', 300);

  assert.deepEqual(planTidying([...audits, ...drills], new Set(), now), drills.slice(50));
});

test('a run that has no end yet keeps its folder', () => {
  const folders = daily(200, 'backup');
  const underWay = new Set([folders[190]!]);

  const plan = planTidying(folders, underWay, now);

  assert.ok(!plan.includes(folders[190]!));
  assert.equal(plan.length, 18);
});

test('what is not named like a run is left alone', () => {
  assert.deepEqual(planTidying(['notes', '20200101t000000z', '20200101-backup-b-abc'], new Set(), now), []);
});

test('what the plan says is removed with all that is in it, and nothing else', async (context) => {
  const app = { ...groundApp(context, makeGround(context)), now: () => now };
  const folders = daily(53, 'restore', 200);
  for (const run of folders) {
    mkdirSync(join(makeRunFolder(app.home, run), 'out'));
    writeFileSync(join(app.home.runs, run, 'log.txt'), 'x');
  }
  mkdirSync(join(app.home.runs, 'notes'));
  const started = new Date(now.getTime() - 251 * dayMs);
  app.history.begin({ id: folders[51]!, kind: 'restore', strategy: 'b', trigger: 'hand', started });

  await tidyRunFolders(app);

  const left = folders.filter((run) => existsSync(join(app.home.runs, run)));
  assert.deepEqual(left, [...folders.slice(0, 50), folders[51]]);
  assert.ok(existsSync(join(app.home.runs, 'notes')));
});
