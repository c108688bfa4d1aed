// Chains of strategy B on real ZFS and real Docker, by the command line that an owner uses. The tests are steps of one story and run in order.
// What is restored of volumes and of trees is in the drill's own tests.
// Not part of `make test`: it was never seen to end; its first backup alone took seven minutes in a busy emulation.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { attempt, bringTree, run } from '../e2e/ground.ts';
import type { BackupRun, DrillRun, Backup as Listed, Listing, StoredFile } from '../e2e/shapes.ts';

type Backup = Listed & { kind: string; base: string | null; why?: string };
type Summary = BackupRun & { audit: { outcome: string; result: { audit: { findings: unknown[] } } } | null };

interface Plan {
  error: { message: string } | null;
  exit: number;
  plan: { digest: string; goes: number };
  planned: { what: string; goes: boolean; id: string; source?: string; proven: boolean; reason: string }[];
}

const step = (...args: string[]) => run(['test/chains/on-zfs.sh', ...args]);
const haven = (...args: string[]) =>
  attempt(['env', 'HAVEN_PROJECT=haven-chains', 'controller/bin/haven-on-host', '--json', ...args]);

async function havenOk<T>(...args: string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await haven(...args);
  assert.equal(exitCode, 0, `${args.join(' ')}\n${stdout}\n${stderr}`);
  return JSON.parse(stdout) as T;
}

describe('chains', { timeout: 60 * 60_000 }, () => {
  let caPem = '';
  const chain: Backup[] = [];

  /** Tells Haven to back up these; the others are there, and not asked for. */
  async function configure(datasets: string[], settings: Record<string, unknown> = {}): Promise<void> {
    const all: Record<string, unknown> = {
      data: { dataset: 'haven-chains/my data' },
      tree: { dataset: 'haven-chains/tree', recursive: true, exclude: ['haven-chains/tree/no backup'] },
      vm: { dataset: 'haven-chains/vm' },
      safe: { dataset: 'haven-chains/safe' },
      open: { dataset: 'haven-chains/open' },
    };
    const api = { rootUrl: 'https://drive:8443/', tokenUrl: 'https://drive:8443/token', caPem };
    const common = { set: 'chains', partBytes: 262_144, keepWithin: '1d', keepChains: 1, api };
    const b = { network: 'haven-chains_stores', settings: { ...common, ...settings } };
    const configuration = {
      name: 'haven-chains',
      datasets: Object.fromEntries(datasets.map((id) => [id, all[id]])),
      retired: Object.keys(all).filter((id) => !datasets.includes(id)),
      strategies: { b },
    };
    // JSON is YAML.
    await run(['test/chains/on-zfs.sh', 'configure'], JSON.stringify(configuration));
  }

  /** A backup of "my data" that must succeed, with the audit that follows it; the chain grows by it. */
  async function backUp(...options: string[]): Promise<Backup> {
    const summary = await havenOk<Summary>('backup', 'b', ...options);
    assert.equal(summary.outcome, 'ok');
    assert.equal(summary.audit?.outcome, 'ok');
    assert.deepEqual(summary.audit.result.audit.findings, []);
    const backup = summary.result!.backups.find(({ source }) => source === 'data') as Backup;
    chain.push(backup);
    return backup;
  }

  const stored = async () => (JSON.parse(await step('stored')) as { files: StoredFile[] }).files;
  /** Names and GUIDs of what "my data" has, by kind. */
  async function guids(mark: '@' | '#'): Promise<string[]> {
    const lines = (await step('guids')).trim().split('\n');
    return lines.filter((line) => line.includes(mark)).map((line) => line.split('\t')[1]!);
  }

  before(async () => {
    await bringTree();
    caPem = await step('setup');
  });

  after(async () => {
    if (process.env.KEEP === undefined) await step('teardown');
  });

  test('a first backup is a full of each filesystem and volume, of those below a recursive one too, but for the excluded', async () => {
    await configure(['data', 'tree', 'vm']);

    await backUp();

    const { backups } = await havenOk<Listing>('list', 'b');
    const sources = backups.map(({ source }) => source.replace(/^tree-[0-9a-f]{8}$/, 'tree-ID'));
    assert.deepEqual(sources.toSorted(), ['data', 'tree', 'tree-ID', 'vm']);
    assert.ok((backups as Backup[]).every(({ kind, base }) => kind === 'full' && base === null));
    assert.ok(chain[0]!.parts >= 3);
  });

  test('the next builds upon the same snapshot by its GUID, whatever it is called now', async () => {
    await configure(['data']);
    await step('rename', chain[0]!.guid);
    await step('change');

    const second = await backUp();

    assert.deepEqual([second.kind, second.base], ['incremental', chain[0]!.id]);
    assert.ok(second.streamBytes < chain[0]!.streamBytes * 0.8);
  });

  test('a bookmark serves when the snapshot is gone', async () => {
    const base = chain[1]!.guid;
    await step('destroy', base);
    assert.ok(!(await guids('@')).includes(base) && (await guids('#')).includes(base));
    await step('change');

    const third = await backUp();

    assert.deepEqual([third.kind, third.base], ['incremental', chain[1]!.id]);
  });

  test('with the state volume lost the chain goes on, and nothing is uploaded again', async () => {
    const before = await stored();
    await step('lose-state');
    await step('change');

    const fourth = await backUp();

    assert.deepEqual([fourth.kind, fourth.base], ['incremental', chain[2]!.id]);
    const now = await stored();
    const added = now.filter(({ id }) => !before.some((file) => file.id === id)).map(({ name }) => name);
    assert.equal(now.length, before.length + added.length, 'nothing went');
    assert.equal(added.length, fourth.parts + 1);
    assert.ok(added.every((name) => name.startsWith(`h1-${fourth.id}-`)));
  });

  test('a drill restores the whole chain, and it is the same', async () => {
    const drill = await havenOk<DrillRun>('drill', 'b', '--backup', chain[3]!.id);

    assert.equal(drill.result?.pass, true);
    const { received, compared } = drill.result.sources[0]!.evidence;
    assert.equal((received.value as unknown as { streams: unknown[] }).streams.length, 4);
    assert.equal(compared.value?.mismatches, 0);
  });

  test('raw, a plain dataset is refused and an encrypted one arrives as it lies on the disk', async () => {
    await step('secretive');
    await configure(['open', 'safe'], { sendFlags: ['--raw'] });

    const { exitCode, stdout } = await haven('backup', 'b');

    assert.equal(exitCode, 10, stdout);
    const { result } = JSON.parse(stdout) as BackupRun;
    assert.deepEqual(
      result!.backups.map(({ source }) => source),
      ['safe'],
    );
    assert.match(stdout, /its raw stream is plain data/);
    assert.ok((await havenOk<Listing>('list', 'b')).backups.every(({ source }) => source !== 'open'));
    const restored = await step('restore', result!.backups[0]!.id);
    assert.match(restored, /encryption\taes-/);
    assert.match(restored, /keystatus\tunavailable/);
  });

  test('a prune deletes the old chain once a newer one has passed a drill, and not a file more', async () => {
    await configure(['data']);
    await step('later', '3');
    try {
      const newest = await backUp('--full');
      const before = await stored();

      const tooEarly = await haven('prune', 'b');
      assert.match(tooEarly.stdout, /"goes": ?0/, tooEarly.stdout);

      await havenOk('drill', 'b', '--backup', newest.id);
      const made = await havenOk<Plan>('prune', 'b');
      const goes = made.planned.filter((one) => one.goes);
      assert.deepEqual(
        goes.map(({ what, id, source }) => ({ what, id, source })),
        [{ what: 'chain', id: chain[0]!.id, source: 'data' }],
      );
      assert.deepEqual((await stored()).length, before.length, 'a plan deletes nothing');
      await havenOk('prune', 'b', '--apply', made.plan.digest.slice(0, 12));

      const old = chain.slice(0, 4).map(({ id }) => id);
      const left = (await stored()).map(({ id }) => id);
      const expected = before.filter(({ name }) => !old.some((id) => name.startsWith(`h1-${id}-`)));
      assert.deepEqual(left.toSorted(), expected.map(({ id }) => id).toSorted());
      await havenOk('audit', 'b');
    } finally {
      await step('later', '-3');
    }
  });
});
