// What may go and what must stay, without any store: a table of cases, and what must hold for every set of chains.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Finding } from '../../images/strategy-b/src/contract/events.ts';
import { Manifest } from '../../images/strategy-b/src/manifest/manifest.ts';
import { digestOf, doomedBy } from '../../images/strategy-b/src/prune/doomed.ts';
import {
  type Leftover,
  type PrunePlan,
  planPrune,
  type Question,
  type StoredBackup,
} from '../../images/strategy-b/src/prune/plan.ts';
import { policyOf } from '../../images/strategy-b/src/prune/policy.ts';

const now = Date.parse('2026-11-25T00:00:00.000Z');
const day = 86_400_000;
const idOf = (name: string) => name.repeat(16);

interface Given {
  name: string;
  days: number;
  on?: string;
  chain?: string;
  source?: string;
  file?: string;
}

function stored({ name, days, on, chain = name, source = 'home', file = `${name}-0` }: Given): StoredBackup {
  const at = new Date(now - days * day).toISOString();
  const sha256 = '0'.repeat(64);
  const manifest = Manifest.parse({
    ...{ format: 'haven-b/1', backup: idOf(name), chain: idOf(chain), kind: on ? 'incremental' : 'full' },
    ...{ base: on ? idOf(on) : null, baseGuid: on ? '1' : null, sendFlags: [], writer: {} },
    source: { id: source, dataset: 'd', snapshot: 's', guid: '1', type: 'filesystem', createdAt: at },
    ...{ createdAt: at, committedAt: at, stream: { bytes: 1, sha256 } },
    parts: [
      {
        ...{ n: 0, file, name: 'p', compression: 'xz', stream: { offset: 0, bytes: 1, sha256 } },
        stored: { bytes: 10, md5: '0'.repeat(32), sha256 },
      },
    ],
  });
  return { files: [`${name}-m`], manifest };
}

function plan(backups: Given[], more: Partial<Question> = {}): PrunePlan {
  return planPrune({
    ...{ backups: backups.map(stored), incomplete: [], findings: [], inFlight: new Set<string>(), now },
    policy: policyOf({ keepWithin: '100d', keepChains: 2 }),
    proven: new Set(backups.map(({ name }) => idOf(name))),
    ...more,
  });
}

const going = (made: PrunePlan) => made.delete.map(({ chain }) => chain.id.slice(0, 2));
const four = [
  { name: 'a0', days: 400 },
  { name: 'b0', days: 300 },
  { name: 'c0', days: 200 },
  { name: 'd0', days: 10 },
];
const finding = (kind: Finding['kind'], name: string, part?: number): Finding => {
  return { kind, backup: idOf(name), message: kind, ...(part === undefined ? {} : { part }) };
};

const table: [string, Given[], Partial<Question>, string[]][] = [
  ['what is older than keepWithin goes, but the newest chains stay', four, {}, ['b0', 'a0']],
  ['nothing at all', [], {}, []],
  ['the only chain stays, however old', [{ name: 'a0', days: 4000 }], {}, []],
  ['the newest keepChains stay, however old', [four[0]!, four[1]!], {}, []],
  [
    'a chain that is old enough by its full, but not by its newest backup, stays',
    [...four, { name: 'a1', on: 'a0', chain: 'a0', days: 50 }],
    {},
    ['c0', 'b0'],
  ],
  [
    'an age of exactly keepWithin stays',
    [...four.slice(1), { name: 'ee', days: 100 }, { name: 'ef', days: 1 }],
    { policy: policyOf({ keepWithin: '200d', keepChains: 1 }) },
    ['b0'],
  ],
  [
    'nothing goes while the newest chain is unproven',
    four,
    {
      proven: new Set([idOf('a0'), idOf('b0'), idOf('c0')]),
    },
    [],
  ],
  [
    'a chain is proven by any backup of it',
    [...four, { name: 'd1', on: 'd0', chain: 'd0', days: 5 }],
    {
      proven: new Set([idOf('d1')]),
    },
    ['b0', 'a0'],
  ],
  ['nothing was ever drilled', four, { proven: new Set() }, []],
  ['a drill of a backup that is not there proves nothing', four, { proven: new Set([idOf('ff')]) }, []],
  [
    'a damaged chain does not count as one that stays',
    four,
    { findings: [finding('missing', 'c0', 0)] },
    ['a0'],
  ],
  [
    'a damaged old chain goes like any other',
    four,
    { findings: [finding('altered', 'a0', 0)] },
    ['b0', 'a0'],
  ],
  ['a damaged newest chain refuses all', four, { findings: [finding('altered', 'd0', 0)] }, []],
  [
    'an incremental without its base is damage',
    [...four, { name: 'd2', on: 'd1', chain: 'd0', days: 4 }],
    {},
    [],
  ],
  ['an unreadable manifest refuses all', four, { findings: [finding('unreadable', 'ee')] }, []],
  ['a store that was rolled back refuses all', four, { findings: [finding('rolled-back', 'ee')] }, []],
  ['a manifest in the trash refuses all', four, { findings: [finding('trashed', 'ee')] }, []],
  ['a file too many is no reason to keep', four, { findings: [finding('extra', 'd0')] }, ['b0', 'a0']],
  ['what a backup under way builds upon stays', four, { inFlight: new Set([idOf('a0')]) }, ['b0']],
  ['a journal that cannot be read keeps all', four, { inFlight: null }, []],
  [
    'each dataset has its own newest chains',
    [...four, { name: 'e0', days: 400, source: 'mail' }, { name: 'f0', days: 300, source: 'mail' }],
    {},
    ['b0', 'a0'],
  ],
  [
    'two backups that name the same file refuse all',
    [...four, { name: 'ee', days: 500, file: 'd0-0' }],
    {},
    [],
  ],
];
for (const [name, backups, more, expected] of table) {
  test(name, () => {
    const made = plan(backups, more);

    assert.deepEqual(going(made), expected, JSON.stringify([made.refusal, made.keep.map((k) => k.reason)]));
  });
}

const leftover = (more: Partial<Leftover> = {}): Leftover => ({
  ...{ backup: idOf('99'), files: [{ id: 'x', bytes: 5 }], wasCommitted: false },
  newestAt: new Date(now - 8 * day).toISOString(),
  ...more,
});
const leftovers: [string, Leftover, Partial<Question>, boolean][] = [
  ['older than a week', leftover(), {}, true],
  ['of six days', leftover({ newestAt: new Date(now - 6 * day).toISOString() }), {}, false],
  ['of exactly a week', leftover({ newestAt: new Date(now - 7 * day).toISOString() }), {}, false],
  ['from the future', leftover({ newestAt: new Date(now + day).toISOString() }), {}, false],
  ['of unknown age', leftover({ newestAt: undefined }), {}, false],
  ['of a backup that had a manifest', leftover({ wasCommitted: true }), {}, false],
  ['of a backup under way', leftover(), { inFlight: new Set([idOf('99')]) }, false],
  ['while the journal cannot be read', leftover(), { inFlight: null }, false],
  ['while a manifest is unreadable', leftover(), { findings: [finding('unreadable', 'ee')] }, false],
];
for (const [name, given, more, goes] of leftovers) {
  test(`parts without a manifest ${name}: ${goes ? 'go' : 'stay'}`, () => {
    assert.equal(plan(four, { incomplete: [given], ...more }).orphans[0]!.goes, goes);
  });
}

test('an incremental goes before what it builds upon, and its manifest before its parts', () => {
  const chain = [
    { name: 'a0', days: 400 },
    { name: 'a1', on: 'a0', chain: 'a0', days: 399 },
    { name: 'a2', on: 'a1', chain: 'a0', days: 398 },
  ];

  const doomed = doomedBy(plan([...chain.toReversed(), ...four.slice(1)]));

  assert.deepEqual(
    doomed.filter(({ chain: id }) => id === idOf('a0')).map(({ backup }) => backup.slice(0, 2)),
    ['a2', 'a1', 'a0'],
  );
});

test('the digest is of each file that goes, and of nothing else', () => {
  const digest = (given: Given[]) => digestOf(doomedBy(plan(given)));
  const same = digest(four);

  assert.equal(digest([four[2]!, four[0]!, four[3]!, four[1]!]), same);
  assert.equal(digest([...four, { name: 'dd', days: 5 }]) === same, false, 'c0 goes as well then');
  assert.equal(digest([{ ...four[0]!, file: 'other' }, ...four.slice(1)]) === same, false);
  assert.equal(digest([...four.slice(0, 3), { ...four[3]!, file: 'other' }]), same);
});

for (const [text, ms] of [
  ['90d', 90 * day],
  ['12w', 84 * day],
  ['1y', 365 * day],
] as const) {
  test(`${text} is ${ms / day} days`, () => {
    assert.equal(policyOf({ keepWithin: text, keepChains: 1 }).keepWithinMs, ms);
  });
}

/** Up to twelve chains of up to four backups, of two datasets, some damaged, some drilled, at any age. */
const world = fc.record({
  chains: fc.array(
    fc.record({
      source: fc.constantFrom('home', 'mail'),
      days: fc.integer({ min: 0, max: 800 }),
      length: fc.integer({ min: 1, max: 4 }),
      drilled: fc.integer({ min: -2, max: 3 }),
      damaged: fc.boolean(),
      missing: fc.boolean(),
    }),
    { maxLength: 12 },
  ),
  keepChains: fc.integer({ min: 1, max: 3 }),
  keepDays: fc.integer({ min: 1, max: 500 }),
  lastDrill: fc.boolean(),
});

test('whatever there is: a good proven chain of each dataset stays, nothing that stays loses its base, and nothing is forgotten', () => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  console.log(`seed ${seed} (SEED=${seed} repeats it)`);
  let deleted = 0;
  fc.assert(
    fc.property(world, ({ chains, keepChains, keepDays }) => {
      const given: Given[] = [];
      const proven = new Set<string>();
      const findings: Finding[] = [];
      chains.forEach(({ source, days, length, drilled, damaged, missing }, c) => {
        for (let n = 0; n < length; n += 1) {
          const name = `${(c + 1).toString(16)}${n}`;
          const link =
            n === 0 ? {} : { on: `${(c + 1).toString(16)}${n - 1}`, chain: `${(c + 1).toString(16)}0` };
          if (missing && damaged && n === 1 && length > 2) continue;
          given.push({ name, source, days: Math.max(0, days - n), ...link });
          if (drilled === n) proven.add(idOf(name));
          if (damaged && n === length - 1) findings.push(finding('missing', name, 0));
        }
      });

      const policy = policyOf({ keepWithin: `${keepDays}d`, keepChains });
      const made = plan(given, { proven, findings, policy });

      const ids = [...made.delete, ...made.keep].flatMap(({ chain }) =>
        chain.backups.map(({ manifest }) => manifest.backup),
      );
      assert.deepEqual(ids.toSorted(), given.map(({ name }) => idOf(name)).toSorted());
      const staying = new Set(
        made.keep.flatMap(({ chain }) => chain.backups.map(({ manifest }) => manifest.backup)),
      );
      for (const { name, on } of given)
        if (on !== undefined && ids.includes(idOf(on)) && staying.has(idOf(name)))
          assert.ok(staying.has(idOf(on)));
      for (const { chain } of made.delete) {
        deleted += 1;
        assert.ok(now - Date.parse(chain.newestAt) > keepDays * day);
        const newer = made.keep.filter(
          ({ chain: other }) =>
            other.source === chain.source && other.good && other.newestAt >= chain.newestAt,
        );
        assert.ok(newer.length >= keepChains);
        assert.ok(newer.some(({ chain: other }) => other.proven));
      }
    }),
    { seed, numRuns: 2000 },
  );
  assert.ok(deleted > 50, `only ${deleted} chains were ever deleted: the property was hardly tried`);
});

test('only one place deletes backups; the uploader and the self-test delete what they themselves just made', () => {
  const root = new URL('../../images/strategy-b/src/', import.meta.url).pathname;
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /^(?!testing).*(?<!\.test)\.ts$/.test(name),
  );
  const deleting = files.filter((name) =>
    /store\.remove\(|files\.delete\(/.test(readFileSync(join(root, name), 'utf8')),
  );

  assert.deepEqual(deleting.sort(), [
    'drive/drive-store.ts',
    'drive/retry.ts',
    'drive/upload.ts',
    'prune/apply.ts',
    'verbs/selftest.ts',
  ]);
});
