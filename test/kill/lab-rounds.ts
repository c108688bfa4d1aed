// Strategy B's image on real ZFS and real Docker, its container killed at instants drawn from a seed, then run to its end, then drilled: fetched with the
// kit alone, received into a throwaway pool, compared with the snapshot. Each round demands that nothing is lost, nothing is stored twice, and that no
// more than one part was made twice for each kill. What happens on the ground is in on-zfs.sh.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { parseEvent } from '../conformance/container.ts';
import { type Left, madeTwice, partName } from './lab-left.ts';
import type { Done, Lab } from './lab-step.ts';
import { type Random, seededRandom } from './seeded-random.ts';

export interface Kill {
  /** The last thing that its run had told of. */
  after: string;
  /** How far into a run the instant was drawn. */
  percent: number;
}

interface Backup {
  id: string;
  kind: 'full' | 'incremental';
  base: string | null;
  parts: number;
}

export interface Round {
  round: number;
  kills: Kill[];
  backup: Backup;
  madeTwice: number;
  drilled: { streams: number; entries: number; mismatches: number };
  seconds: number;
}

export interface Rounds {
  seed: number;
  /** The container's SIGKILL, or the reset of the whole machine. */
  by: 'kill' | 'power-cut';
  kills: number;
  /** The first round: rounds before it were run earlier. */
  from: number;
  /** No round begins after this time, in milliseconds. */
  until: number;
  onRound(round: Round): void;
}

interface Event {
  event: string;
  at: string;
  [field: string]: unknown;
}

/** When in a run, in milliseconds since its container was asked for, each of its parts was off-site; and when it ended. */
interface Timeline {
  started: number;
  parts: number[];
  end: number;
}

interface Ground {
  lab: Lab;
  caPem: string;
  /** From the newest full on. */
  chain: Backup[];
  timeline: Timeline;
}

interface Source {
  snapshot: string;
  guid: string;
}

/** A full has nine parts, an incremental about four. */
const partBytes = 262_144;

/** What is kept on the ground for a later run of the test. Without a chain, a round did not end. */
interface Remembered {
  timeline: Timeline;
  chain: Backup[] | null;
}

/** Runs rounds until there were that many kills; throws at the first that lost something. */
export async function killInTheLab(
  { seed, by, kills, from, until, onRound }: Rounds,
  lab: Lab,
): Promise<Round[]> {
  await lab.bringTree();
  const ground = await groundOf(lab);
  const rounds: Round[] = [];
  for (let round = from, done = 0; done < kills && Date.now() < until; round++) {
    await remember(ground, null);
    rounds.push(await killAndResume(ground, { round, by, random: seededRandom(seed + round * 7919) }));
    await remember(ground, ground.chain);
    done += rounds.at(-1)!.kills.length;
    onRound(rounds.at(-1)!);
  }
  return rounds;
}

async function groundOf(lab: Lab): Promise<Ground> {
  const caPem = await step(lab, ['setup']);
  const text = await step(lab, ['remembered']);
  const remembered: Remembered | null = text === '' ? null : JSON.parse(text);
  const ground = { lab, caPem, chain: remembered?.chain ?? [], timeline: remembered?.timeline ?? untimed };
  if (ground.chain.length > 0) return ground;
  // A backup that nobody kills, after what a round that did not end left in flight: the chain begins with it, and the first of all says how long one takes.
  const source = await takeSnapshot(ground);
  const asked = Date.now();
  const events = await run(ground, source, 'full');
  if (remembered === null) ground.timeline = timelineOf(events, asked);
  ground.chain = [backupOf(events, source)];
  await remember(ground, ground.chain);
  return ground;
}

const untimed: Timeline = { started: 0, parts: [], end: 0 };

async function remember({ lab, timeline }: Ground, chain: Backup[] | null): Promise<void> {
  const remembered: Remembered = { timeline, chain };
  await step(lab, ['remember'], JSON.stringify(remembered));
}

/** Given a step that must succeed, return its output. */
async function step(lab: Lab, args: string[], input = ''): Promise<string> {
  const done = await lab.attempt(args, input);
  assert.equal(done.exitCode, 0, `${args.join(' ')}: ${told(done)}`);
  return done.stdout;
}

async function killAndResume(
  ground: Ground,
  { round, by, random }: { round: number; by: Rounds['by']; random: Random },
): Promise<Round> {
  const began = Date.now();
  const kind = round % 3 === 0 ? 'auto' : 'full';
  const source = await takeSnapshot(ground);
  // A run after the first continues what is in flight, or finds it committed: it asks for no kind.
  const kills: Kill[] = [];
  const lefts: Left[] = [];
  do {
    const instant = random.next() * ground.timeline.end;
    const request = requestOf(ground, source, kills.length === 0 ? kind : 'auto');
    const killed = await (by === 'kill' ? killAt : cutPowerAt)(ground, instant, request);
    if (killed === undefined) break; // it had less to do than the run that was timed
    kills.push(killed);
    lefts.push(await ground.lab.left());
  } while (random.chance(0.4));
  const backup = backupOf(await run(ground, source, 'auto'), source);
  ground.chain = [...(backup.kind === 'full' ? [] : ground.chain), backup];
  assert.equal(backup.base, ground.chain.at(-2)?.id ?? null, 'it builds upon another backup than the last');

  const madeTwice = await assertWhole(ground, backup, lefts);
  const drilled = await drill(ground, source);
  return { round, kills, backup, madeTwice, drilled, seconds: (Date.now() - began) / 1000 };
}

async function takeSnapshot({ lab }: Ground): Promise<Source> {
  const snapshot = `kill-${randomBytes(4).toString('hex')}`;
  return { snapshot, guid: (await step(lab, ['change', snapshot])).trim() };
}

function requestOf({ caPem }: Ground, { snapshot, guid }: Source, kind: 'auto' | 'full'): string {
  const sources = [{ id: 'data', dataset: 'haven-kill/my data', snapshot, guid }];
  const api = { rootUrl: 'https://drive:8443/', tokenUrl: 'https://drive:8443/token', caPem };
  return JSON.stringify({
    ...{ contract: '1.0', verb: 'backup', run: 'kill', kind, sources },
    settings: { partBytes, api },
  });
}

/** Given an instant of the timed run, kill a run at the same one. */
async function killAt(
  { lab, timeline }: Ground,
  instant: number,
  request: string,
): Promise<Kill | undefined> {
  const done = await lab.attempt(['killed', ...sameInstant(timeline, instant)], request);
  if (done.exitCode === 4) return undefined;
  assert.equal(done.exitCode, 0, told(done));
  const last = eventsOf(done.stdout)
    .filter(({ event }) => event !== 'progress')
    .at(-1);
  const after = last?.event === 'part' ? `part ${Number(last.part) + 1}` : (last?.event ?? 'nothing');
  return { after, percent: Math.round((instant / timeline.end) * 100) };
}

async function cutPowerAt(
  { lab, timeline }: Ground,
  instant: number,
  request: string,
): Promise<Kill | undefined> {
  const [parts, since] = sameInstant(timeline, instant);
  if (!(await lab.cutPowerAtNow(['begin', parts, since], request))) return undefined;
  await step(lab, ['setup']);
  const after = parts === '-1' ? 'nothing' : parts === '0' ? 'started' : `part ${parts}`;
  return { after, percent: Math.round((instant / timeline.end) * 100) };
}

/** So long after the same part, whatever slows the machine today. */
function sameInstant({ started, parts }: Timeline, instant: number): [string, string] {
  const after = instant < started ? -1 : parts.filter((at) => at <= instant).length;
  const since = after === -1 ? 0 : (parts[after - 1] ?? started);
  return [String(after), String(Math.round(instant - since))];
}

/** A run that nobody kills. */
async function run(ground: Ground, source: Source, kind: 'auto' | 'full'): Promise<Event[]> {
  const done = await ground.lab.attempt(['backup'], requestOf(ground, source, kind));
  const events = eventsOf(done.stdout);
  assert.equal(done.exitCode, 0, told(done));
  assert.equal(events.at(-1)?.outcome, 'ok', told(done));
  return events;
}

function backupOf(events: Event[], source: Source): Backup {
  const backup = (events.at(-1)!.backups as (Backup & Source)[]).at(-1)!;
  assert.equal(backup.guid, source.guid, 'the backup is of another snapshot');
  return backup;
}

function timelineOf(events: Event[], asked: number): Timeline {
  // The ground's clock may be another than ours: the first event is where they meet.
  const first = Date.parse(events[0]!.at);
  const at = (event: Event) => Date.parse(event.at) - first + started;
  const started = Math.max(1000, Date.now() - asked - (Date.parse(events.at(-1)!.at) - first)) / 2;
  const parts = events.filter(({ event }) => event === 'part').map(at);
  return { started, parts, end: at(events.at(-1)!) };
}

/** Nothing is there twice, nothing is left over, and what was made before a kill is what is stored now. Returns how many parts were made twice. */
async function assertWhole({ lab }: Ground, backup: Backup, lefts: Left[]): Promise<number> {
  const { files } = JSON.parse(await step(lab, ['stored'])) as { files: StoredFile[] };
  const names = files.map(({ name }) => name).filter((name) => name.startsWith('h1-'));
  assert.equal(new Set(names).size, names.length, `a file is there twice: ${names.toSorted().join(' ')}`);
  const ofBackup = (name: string) => name.startsWith(`h1-${backup.id}-`);
  const expected = Array.from({ length: backup.parts }, (_, n) => partName(backup.id, n));
  assert.deepEqual(names.filter(ofBackup).toSorted(), [...expected, `h1-${backup.id}-manifest`]);

  const after = await lab.left();
  assert.deepEqual(after.spool, [], 'the spool is not empty');
  assert.deepEqual([...after.made], [], 'the journal still has a backup in flight');
  const holds = (await step(lab, ['holds'])).trim().split('\n');
  const held = holds.filter((line) => line.includes('\t')).map((line) => line.split('\t')[1]);
  assert.deepEqual(held, [`haven:b:${backup.id}`]);
  assert.ok(holds.includes(`haven-b-${backup.id}`), 'it has no bookmark');

  const md5Of = new Map(files.map(({ name, content }) => [name, content?.md5]));
  const twice = lefts.map((left) => madeTwice(left, md5Of));
  assert.ok(
    twice.every((parts) => parts <= 1),
    `parts made twice, by kill: ${twice}`,
  );
  return twice.reduce((sum, parts) => sum + parts, 0);
}

async function drill({ lab, chain }: Ground, { snapshot, guid }: Source): Promise<Round['drilled']> {
  const request = { contract: '1.0', verb: 'fetch', run: 'kill', strategy: 'b' };
  const backups = chain.map(({ id }) => id);
  const pool = `haven-drill-${randomBytes(4).toString('hex')}`;
  const last = String(chain.length - 1);
  const done = await lab.attempt(['drill', pool, snapshot, last], JSON.stringify({ ...request, backups }));
  assert.equal(done.exitCode, 0, told(done));
  // Either half of fetch and receive may end first.
  const results = ['fetch', 'receive', 'verify'].map((verb) =>
    eventsOf(done.stdout).find((event) => event.verb === verb),
  );
  assert.deepEqual(
    results.map((result) => result?.outcome),
    ['ok', 'ok', 'ok'],
  );
  const received = results[1]!.received as { guid: string; scrub: { errors: number } };
  const { entries, mismatches } = results[2]!.comparison as { entries: number; mismatches: number };
  assert.deepEqual([received.guid, received.scrub.errors, mismatches], [guid, 0, 0]);
  assert.ok(entries >= 6, `only ${entries} entries were compared`);
  return { streams: chain.length, entries, mismatches };
}

interface StoredFile {
  name: string;
  content?: { md5: string };
}

const told = ({ exitCode, stdout, stderr }: Done) => `exit ${exitCode}\n${stdout}\n${stderr}`;

function eventsOf(stdout: string): Event[] {
  // The last line of a killed run may be half a line.
  const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1).split('\n');
  return whole.filter(Boolean).map((line) => parseEvent(line) as Event);
}
