// Strategy B's own program against the emulated Drive and a fake pool, killed at steps drawn from a seed (crash-point.ts), then run to its end. Each round
// demands that nothing is lost, nothing is stored twice, and no more than one part is made again for each kill. No Docker, no ZFS: seconds a round.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Backup } from '../../images/strategy-b/src/contract/events.ts';
import { type Bench, createBench, listed, storedFiles } from '../strategy-b/harness.ts';
import { streamOf } from '../strategy-b/restored.ts';
import { type FakePool, fakePool } from './fake-pool.ts';
import { attempt } from './killed-process.ts';
import { type Random, seededRandom } from './seeded-random.ts';

export interface Round {
  round: number;
  /** Where each of its runs was killed: what it was about to do. */
  kills: string[];
  /** Backups that the run after the last kill committed. */
  committed: string[];
  /** Parts made again; at most one for each kill. */
  madeTwice: number;
  seconds: number;
}

export interface Rounds {
  kills: number;
  seed: number;
  onRound(round: Round): void;
}

interface Ground {
  bench: Bench;
  pool: FakePool;
  random: Random;
  /** Ids of the backups that earlier rounds looked at. */
  seen: Set<string>;
  /** How many steps a whole run has, about. */
  steps: number;
}

/** Runs until there were that many kills; throws at the first round that lost something. */
export async function killProcesses({ kills, seed, onRound }: Rounds): Promise<Round[]> {
  const pool = fakePool();
  const bench = await createBench(pool.now());
  const ground: Ground = { bench, pool, random: seededRandom(seed), seen: new Set(), steps: 0 };
  const rounds: Round[] = [];
  try {
    await toTheEnd(ground, pool.now().at(-1)!);
    assert.ok(ground.steps > 50, `only ${ground.steps} steps were seen`);
    await assertWhole(ground);
    for (let done = 0; done < kills; done += rounds.at(-1)!.kills.length) {
      rounds.push(await killAndResume(ground, rounds.length + 1));
      onRound(rounds.at(-1)!);
    }
    const audit = await bench.run('audit');
    assert.equal(audit.status, 0, audit.stdout);
    return rounds;
  } finally {
    await bench.dispose();
  }
}

async function killAndResume(ground: Ground, round: number): Promise<Round> {
  const { bench, random } = ground;
  const began = Date.now();
  const compressed = bench.tools.compressions();
  const kills: string[] = [];
  let source = takeSnapshot(ground);
  do {
    const run = await attempt(bench, source, 1 + random.below(ground.steps));
    if (!run.killed) break; // this run had fewer steps than the one that was counted
    kills.push(run.steps.at(-1)!);
    // The controller asks for a new snapshot each time; another caller may ask for the same.
    if (random.chance(0.5) && kills.length === 1) source = takeSnapshot(ground);
  } while (random.chance(0.25));
  await toTheEnd(ground, source);

  const made = await assertWhole(ground);
  const parts = made.reduce((sum, backup) => sum + backup.parts, 0);
  const madeTwice = bench.tools.compressions() - compressed - parts;
  assert.ok(madeTwice >= 0 && madeTwice <= kills.length, `${madeTwice} parts were made twice: ${kills}`);
  const committed = made.map(({ kind }) => kind);
  return { round, kills, committed, madeTwice, seconds: (Date.now() - began) / 1000 };
}

function takeSnapshot({ bench, pool }: Ground) {
  const taken = pool.snapshot();
  bench.useTools(pool.now());
  return taken;
}

/** A run that nobody kills: it must do all that was asked for. */
async function toTheEnd(ground: Ground, source: ReturnType<FakePool['snapshot']>): Promise<void> {
  const { result, steps } = await attempt(ground.bench, source, 0);
  assert.equal(result.status, 0, result.stdout + result.stderr);
  const { id, guid } = result.result.backups!.at(-1)!;
  assert.deepEqual([guid, result.result.sources![0]!.backup], [source.guid, id]);
  ground.steps ||= steps.length;
}

/** Nothing is lost, nothing is there twice, nothing is left over. Returns the backups that were not there the last time. */
async function assertWhole({ bench, pool, seen }: Ground): Promise<Backup[]> {
  const backups = listed(await bench.run('list'));
  const made = backups.filter(({ id }) => !seen.has(id));
  for (const { id, guid, base } of made) {
    const from = base === null ? null : backups.find((backup) => backup.id === base)!.guid;
    assert.ok((await streamOf(bench, id)).equals(pool.expected(guid, from)), `backup ${id} is another one`);
    seen.add(id);
  }
  assert.equal(new Set(backups.map(({ guid }) => guid)).size, backups.length, 'a snapshot has two backups');

  const files = (await storedFiles(bench.drive))
    .map(({ name }) => name)
    .filter((name) => name.startsWith('h1-'));
  const explained = backups.flatMap(({ id, parts }) => [
    `h1-${id}-manifest`,
    ...Array.from({ length: parts }, (_, n) => `h1-${id}-${String(n).padStart(6, '0')}`),
  ]);
  assert.deepEqual(files.toSorted(), explained.toSorted());

  const newest = backups.reduce((a, b) => (Number(a.guid) > Number(b.guid) ? a : b));
  const { dataset, snapshot } = pool.now().find(({ guid }) => guid === newest.guid)!;
  assert.deepEqual(bench.tools.holds(), [`${dataset}@${snapshot}\thaven:b:${newest.id}`]);
  const marks = backups.map(({ id }) => `${dataset}#haven-b-${id}`);
  assert.deepEqual(bench.tools.bookmarks().toSorted(), marks.toSorted());
  assert.deepEqual(bench.spooled(), []);
  assert.deepEqual(inJournal(bench), []);
  return made;
}

function inJournal({ folder }: Bench): unknown[] {
  const journal = new DatabaseSync(join(folder, 'state/journal.sqlite'), { readOnly: true });
  try {
    return journal.prepare('SELECT id FROM backup').all();
  } finally {
    journal.close();
  }
}
