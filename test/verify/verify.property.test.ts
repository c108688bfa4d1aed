// Random trees, random single changes: the drill's verify finds every change, for the right reason, and no unchanged tree is red.
// A failure prints fast-check's seed and the smallest tree that shows it; HAVEN_SEED=… plays it again.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { startTreeWorker, type TreeWorker } from './tree-worker.ts';

const seed = process.env.HAVEN_SEED === undefined ? {} : { seed: Number(process.env.HAVEN_SEED) };
const trees = 200;
const treesForEachChange = 50;

/** Each change, and what must be among the findings. */
const changes: Record<string, string[]> = {
  flip: ['content'],
  append: ['size'],
  cut: ['size'],
  fill: ['sparse'],
  unlink: ['hard-link', 'links'],
  mode: ['mode'],
  owner: ['uid'],
  group: ['gid'],
  moment: ['mtime'],
  xattr: ['xattr'],
  acl: ['xattr'],
  rename: ['missing', 'extra'],
  remove: ['missing'],
  extra: ['extra'],
  retarget: ['symlink'],
  retype: ['type'],
  device: ['device'],
};

/** Names are bytes: blanks, a newline, quotes, a dash, letters outside ASCII, and bytes that are no text at all. */
const name = fc
  .array(fc.constantFrom('61', '5a', '20', '0a', '27', '2d', '2a', '5c', 'c3a9', 'ff', 'e282ac'), {
    minLength: 1,
    maxLength: 6,
  })
  .map((bytes) => bytes.join(''));
const xattrs = fc.dictionary(
  fc.constantFrom('colour', 'size', 'ümlaut'),
  fc.constantFrom('', '00', '00ff41', '20'),
  { maxKeys: 2 },
);
const seconds = 1_000_000_000n;

/** With this kind, or any. */
function entry(kind?: string) {
  return fc.record({
    name,
    kind:
      kind === undefined
        ? fc.constantFrom('file', 'file', 'folder', 'folder', 'symlink', 'fifo', 'socket', 'device', 'link')
        : fc.constant(kind),
    parent: fc.nat(20),
    seed: fc.nat(1000),
    size: fc.nat(5000),
    hole: fc.boolean(),
    mode: fc.constantFrom(0o644, 0o600, 0o755, 0o000, 0o4755, 0o2750, 0o1777),
    uid: fc.constantFrom(0, 1000, 4242, 3_000_000),
    gid: fc.constantFrom(0, 1000, 4343),
    // From before 1970 to after 2038, to the nanosecond.
    mtime: fc.bigInt({ min: -(2n ** 30n) * seconds, max: 2n ** 32n * seconds }).map(String),
    xattrs,
  });
}

/** Every tree has one entry of each kind, so that each change can be made somewhere in it. */
const tree = fc
  .tuple(
    fc.array(entry(), { maxLength: 12 }),
    entry('file').map((file) => ({ ...file, size: file.size + 1, hole: true })),
    ...['folder', 'symlink', 'device', 'link'].map(entry),
  )
  .map(([rest, ...sure]) => [...sure, ...rest]);

describe('verify', {
  skip: process.getuid?.() === 0 ? false : 'needs root: it makes devices and owners',
}, () => {
  let worker: TreeWorker;
  before(() => {
    worker = startTreeWorker();
  });
  after(() => worker.stop());

  test(`${trees} random trees that were not changed are not red`, async () => {
    const property = fc.asyncProperty(tree, async (entries) => {
      const answer = await worker.ask({ entries, change: null });

      assert.deepEqual(answer, { red: false, entries: entries.length + 1 });
    });

    await fc.assert(property, { ...seed, numRuns: trees });
  });

  for (const [change, kinds] of Object.entries(changes)) {
    test(`${treesForEachChange} random trees with one change (${change}) are red for ${kinds.join(' or ')}`, async () => {
      const property = fc.asyncProperty(tree, fc.nat(20), async (entries, at) => {
        const answer = await worker.ask({ entries, change: { name: change, at } });

        assert.ok('red' in answer && answer.red, JSON.stringify(answer));
        assert.equal(answer.exit, 30);
        assert.ok(
          kinds.every((kind) => answer.kinds.includes(kind)),
          answer.kinds.join(', '),
        );
      });

      await fc.assert(property, { ...seed, numRuns: treesForEachChange });
    });
  }
});
