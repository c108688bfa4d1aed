// Years of a server's life in minutes: the real controller and the real strategy B on a clock that is set on from hour to hour, against the emulated Drive. Things happen
// to it as they do in years (happenings.ts). Each day it is asked what the owner is promised: that there is a restorable backup, proven and not older than the
// schedule says; or else that `haven status` had said so. What is restorable is counted here from what lies in the store, not from what Haven says.
import assert from 'node:assert/strict';
import { chownSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type App, buildApp } from '../../controller/src/app.ts';
import { parseConfig } from '../../controller/src/config/parse.ts';
import { homeAt } from '../../controller/src/home.ts';
import { provenBackups } from '../../controller/src/runs/proven.ts';
import { applyPrune } from '../../controller/src/runs/prune.ts';
import { startDue } from '../../controller/src/schedule/start-due.ts';
import { readStatus } from '../../controller/src/status/status.ts';
import { strategyB } from '../../controller/src/strategies/b.ts';
import { type Random, seededRandom } from '../kill/seeded-random.ts';
import { type Drive, google, startDrive } from '../strategy-b/drive.ts';
import { type Clock, createClock } from './clock.ts';
import { functionEngine } from './engine.ts';
import { type Happening, type Hours, happeningsOf } from './happenings.ts';
import { createPool, dataset, type Pool } from './pool.ts';

const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
export const start = Date.UTC(2027, 0, 1);

export interface Life {
  app: App;
  drive: Drive;
  pool: Pool;
  clock: Clock;
  stateLost(): void;
  /** The machine is off, or cut off, until then. */
  off: { machine: number; provider: number };
}

/** A month of it. */
export interface Month {
  month: string;
  backups: number;
  fulls: number;
  notOk: number;
  green: number;
  red: number;
  chainsPruned: number;
  /** The age in days of the newest proven backup that lay whole in the store, at its worst; null: there was none. */
  oldestProof: number | null;
  /** Days on which the promise was not kept; `haven status` had said so on each of them. */
  daysSaid: number;
  happened: string[];
}

export interface Span {
  days: number;
  seed: number;
  rhythm: Rhythm;
  onMonth(month: Month): void;
}

/** How often what is done; backups are made each night. */
export interface Rhythm {
  fullEvery: string;
  keepWithin: string;
  drill: string;
  pruneDays: number;
  /** A drill later than that after the one before has been promised to be noticed. */
  proofDays: number;
  trouble: Hours;
}

export const ofYears: Rhythm = {
  ...{ fullEvery: '30d', keepWithin: '60d', pruneDays: 30 },
  ...{ drill: '0 12 * * 0', proofDays: 9 },
  trouble: { short: 60, long: 20 * 24 },
};

/** The same life in two weeks, for a test. */
export const ofWeeks: Rhythm = {
  ...{ fullEvery: '3d', keepWithin: '5d', pruneDays: 5 },
  ...{ drill: '0 12 * * *', proofDays: 3 },
  trouble: { short: 6, long: 28 },
};

/** A backup as it was when it was committed: the files of it alone. */
interface Committed {
  id: string;
  base: string | null;
  createdAt: number;
  files: Map<string, string>;
}

interface World {
  life: Life;
  random: Random;
  /** Drive's own clock is set on with ours, in few calls. */
  driveToo(): Promise<void>;
  close(): Promise<void>;
}

/** A server, a store and a clock, at which nothing has happened yet. */
export async function openWorld(seed: number, rhythm: Rhythm): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'haven-years-'));
  const drive = await startDrive();
  let undone = 0;
  const clock = createClock(start, openSync('/dev/null', 'w'), (ms) => {
    undone += ms;
  });
  const driveToo = async () => {
    const advanceSeconds = Math.floor(undone / 1000);
    undone -= advanceSeconds * 1000;
    if (advanceSeconds > 0) await drive.admin('POST clock', { advanceSeconds });
  };
  const random = seededRandom(seed);
  const chance = () => random.below(2 ** 30) / 2 ** 30;
  const pool = createPool(folder, clock.now);
  const engine = functionEngine({ folder, pool, clock, random: chance });
  const app = appOn({ folder, drive, pool, clock, engine, chance, rhythm });
  const off = { machine: 0, provider: 0 };
  const stateLost = () => engine.loseVolume(`${app.config.name}-b-state`);
  const close = async () => {
    app.history.close();
    await drive.dispose();
    rmSync(folder, { recursive: true, force: true });
  };
  return { life: { app, drive, pool, clock, off, stateLost }, random, driveToo, close };
}

/** Throws on the first day that was not as promised without a word of it. */
export async function live({ days, seed, rhythm, onMonth }: Span): Promise<Month[]> {
  const { life, random, driveToo, close } = await openWorld(seed, rhythm);
  const { clock, off } = life;
  const coming = happeningsOf(days, rhythm.trouble, random);
  const committed = new Map<string, Committed>();
  const months: Month[] = [];
  let month = emptyMonth(start);
  /** By hand, as an owner does it: another day when the store is away. */
  let toPrune = false;

  try {
    for (let day = 0; day < days; day += 1) {
      const midnight = start + day * dayMs;
      if (monthOf(midnight) !== month.month) {
        months.push(month);
        onMonth(month);
        month = emptyMonth(midnight);
      }
      for (const happening of coming.filter((one) => one.day === day)) {
        await happening.strike(life);
        month.happened.push(happening.what);
      }
      for (let hour = 0; hour < 24; hour += 1) {
        clock.set(midnight + hour * hourMs);
        await driveToo();
        if (clock.now() < off.machine) continue;
        await providerComesBack(life);
        await runDue(life, month);
        await driveToo();
        await remember(life, committed);
      }
      toPrune ||= day % rhythm.pruneDays === rhythm.pruneDays - 1;
      if (toPrune && clock.now() >= off.machine && off.provider === 0) {
        month.chainsPruned += await pruned(life);
        toPrune = false;
      }
      await judgeDay(life, committed, month, { day, proofDays: rhythm.proofDays });
    }
    months.push(month);
    onMonth(month);
    return months;
  } finally {
    await close();
  }
}

interface Ground {
  folder: string;
  drive: Drive;
  pool: Pool;
  clock: Clock;
  engine: App['engine'];
  chance: () => number;
  rhythm: Rhythm;
}

function appOn({ folder, drive, pool, clock, engine, chance, rhythm }: Ground): App {
  const { url } = drive;
  const { fullEvery, keepWithin, drill } = rhythm;
  const config = {
    name: 'years',
    datasets: { years: { dataset } },
    strategies: {
      b: {
        ...{ image: 'strategy-b', schedule: '0 3 * * *' },
        settings: {
          ...{ partBytes: 65536, fullEvery, keepWithin, keepChains: 2 },
          compression: { method: 'none' },
          api: { rootUrl: `${url}/`, tokenUrl: `${url}/token` },
        },
      },
    },
    drill: { image: 'drill', schedule: { b: drill } },
  };
  const parsed = parseConfig(JSON.stringify(config));
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const home = homeAt(folder);
  mkdirSync(home.secrets.b, { recursive: true });
  const secrets = { passphrase: 'of the first year\n', 'google-oauth.json': JSON.stringify(google) };
  for (const [name, text] of Object.entries(secrets)) {
    const path = join(home.secrets.b, name);
    writeFileSync(path, text, { mode: 0o400 });
    if (process.getuid?.() === 0) chownSync(path, strategyB.uid, strategyB.uid);
  }
  const log = pino({ level: 'silent' });
  const randomHex = (bytes: number) =>
    Array.from({ length: bytes * 2 }, () => Math.floor(chance() * 16).toString(16)).join('');
  const app = buildApp(
    {
      ...{ home, log, randomHex, signal: new AbortController().signal, onEvent: () => {} },
      now: () => new Date(clock.now()),
    },
    parsed.config,
  );
  return { ...app, engine, zfs: pool.command, zpool: pool.command };
}

async function runDue({ app }: Life, month: Month): Promise<void> {
  for (const { ended } of startDue(app, new Set())) {
    for (const { run, outcome, result } of await ended) {
      // A run's id tells what it is.
      const kind = /-(backup|drill|audit)-/.exec(run)?.[1];
      if (kind === 'backup') {
        const backups = (result as { backups?: { kind: string }[] } | null)?.backups ?? [];
        month.backups += backups.length;
        month.fulls += backups.filter((backup) => backup.kind === 'full').length;
        if (outcome !== 'ok') month.notOk += 1;
      } else if (kind === 'drill') month[outcome === 'ok' ? 'green' : 'red'] += 1;
    }
  }
}

interface StoredFile {
  id: string;
  name: string;
  trashed: boolean;
  blobSha256: string;
}

export async function stored({ drive }: Pick<Life, 'drive'>): Promise<StoredFile[]> {
  const files = (await drive.admin('GET files')).files as StoredFile[];
  return files.filter(({ name, trashed }) => name.startsWith('h1-') && !trashed);
}

/** What a backup's files were when it had just been committed: the bytes as they lie in the store. */
async function remember(life: Life, committed: Map<string, Committed>): Promise<void> {
  const made = life.app.history
    .runs({ kind: 'backup', limit: 2 })
    .flatMap(({ result }) => (result as { backups?: Backup[] } | null)?.backups ?? [])
    .filter(({ id }) => !committed.has(id));
  if (made.length === 0) return;
  const files = await stored(life);
  for (const { id, base, createdAt } of made) {
    const own = files.filter(({ name }) => name.startsWith(`h1-${id}-`));
    assert.ok(own.length >= 2, `backup ${id} was reported and is not in the store`);
    const hashes = new Map(own.map((file) => [file.name, file.blobSha256]));
    committed.set(id, { id, base, createdAt: Date.parse(createdAt), files: hashes });
  }
}

interface Backup {
  id: string;
  base: string | null;
  createdAt: string;
}

async function pruned({ app }: Life): Promise<number> {
  const { planned, applied } = await applyPrune(app, strategyB, undefined, () => {});
  if (applied === null) return 0;
  assert.equal(applied.outcome, 'ok', JSON.stringify(applied));
  return planned.filter(({ goes, what }) => goes && what === 'chain').length;
}

/**
 * What is promised of any day. Proven is what a green drill named; whole is what lies in the store as it was committed, with all that it builds upon.
 */
async function judgeDay(
  life: Life,
  committed: Map<string, Committed>,
  month: Month,
  { day, proofDays }: { day: number; proofDays: number },
): Promise<void> {
  const { app, clock } = life;
  const now = new Map((await stored(life)).map((file) => [file.name, file.blobSha256]));
  const isWhole = (id: string): boolean => {
    const backup = committed.get(id);
    if (backup === undefined || (backup.base !== null && !isWhole(backup.base))) return false;
    return [...backup.files].every(([name, hash]) => now.get(name) === hash);
  };
  const wholes = [...committed.keys()].filter(isWhole);
  const newestWhole = Math.max(0, ...wholes.map((id) => committed.get(id)!.createdAt));
  const proven = provenBackups(app.history, strategyB).filter((id) => wholes.includes(id));
  const newestProof = Math.max(0, ...proven.map((id) => committed.get(id)!.createdAt));
  if (newestProof > 0) {
    const age = Math.round(((clock.now() - newestProof) / dayMs) * 10) / 10;
    month.oldestProof = Math.max(month.oldestProof ?? 0, age);
  } else if (day >= proofDays) month.oldestProof = Number.POSITIVE_INFINITY;
  // A machine that is off promises nothing, and its silence is what the dead man's switch is for.
  if (clock.now() < life.off.machine) {
    month.daysSaid += 1;
    return;
  }

  const status = readStatus(app);
  const promised = {
    // A day between two backups, another for one to be done in; the status itself allows six hours and what a run takes.
    backup: clock.now() - newestWhole <= 2 * dayMs,
    // The same of the drills; and before the first of them nothing can be proven.
    proof: day < proofDays || clock.now() - newestProof <= proofDays * dayMs,
  };
  if (promised.backup && promised.proof) return;
  month.daysSaid += 1;
  const broken = `day ${day}: newest whole ${new Date(newestWhole).toISOString()}, newest proof ${new Date(newestProof).toISOString()}`;
  assert.notEqual(status.exit, 0, `${broken}; and the status says: ${status.sentence}`);
}

async function providerComesBack({ off, clock, drive }: Life): Promise<void> {
  if (off.provider === 0 || clock.now() < off.provider) return;
  off.provider = 0;
  await drive.admin('DELETE faults');
}

function monthOf(at: number): string {
  return new Date(at).toISOString().slice(0, 7);
}

function emptyMonth(at: number): Month {
  const none = { backups: 0, fulls: 0, notOk: 0, green: 0, red: 0, chainsPruned: 0, daysSaid: 0 };
  return { month: monthOf(at), ...none, oldestProof: null, happened: [] };
}

export type { Happening };
