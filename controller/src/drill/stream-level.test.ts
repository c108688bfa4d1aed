// The judge of a drill that restores nothing: what it demands of the streams, and that it never claims more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backup, Fetched, Parsed } from '../contract/events.ts';
import { claimOf } from './levels.ts';
import { judgeRead, type ReadEvidence } from './stream-level.ts';

const sha = 'ab'.repeat(32);
const full: Backup = {
  ...{ id: '0f0f0f0f', chain: '0f0f0f0f', kind: 'full', base: null, source: 'home', guid: '7' },
  ...{ createdAt: '2026-11-20T20:00:00Z', committedAt: '2026-11-20T21:00:00Z', type: 'filesystem' },
  ...{ parts: 3, storedBytes: 500, streamBytes: 1000, streamSha256: sha },
};
const backup: Backup = { ...full, id: '1f1f1f1f', kind: 'incremental', base: full.id, guid: '9', parts: 1 };
const chain = [full, backup];
const tools = {};
const fetched: Fetched = {
  backups: chain.map(({ id, source: _source, committedAt: _at, ...rest }) => {
    const baseGuid = rest.base === null ? null : full.guid;
    return { ...rest, streamSha256: sha, backup: id, baseGuid, seconds: 1 };
  }),
  ...{ tools, seconds: 1 },
};
const parsed: Parsed = {
  guid: '9',
  streams: [
    { guid: '7', baseGuid: null, records: 60, streamBytes: 1000, streamSha256: sha },
    { guid: '9', baseGuid: '7', records: 40, streamBytes: 1000, streamSha256: sha },
  ],
  ...{ tools, seconds: 1 },
};
const common = {
  ...{ level: 'stream', source: 'home', seconds: 60, tools: {}, notKept: [] },
  ...{ startedAt: '2026-11-21T22:00:00Z', endedAt: '2026-11-21T22:01:00Z' },
  backup: { ok: true, value: backup },
  chain: { ok: true, value: chain },
  left: { ok: true, value: [] },
} as const satisfies Partial<ReadEvidence>;
const streams = {
  ...{ ...common, chain: { ok: true as const, value: [...chain] }, left: { ok: true as const, value: [] } },
  ...{ reads: 'streams' as const },
  fetched: { ok: true as const, value: fetched },
  parsed: { ok: true as const, value: parsed },
};
const link = (of: Backup) => ({
  ...{ id: of.id, chain: of.chain, kind: of.kind, base: of.base, guid: of.guid, volumes: of.parts },
  ...{ bytes: 500, createdAt: of.createdAt },
});
const trees = {
  ...{ ...common, chain: { ok: true as const, value: [...chain] }, left: { ok: true as const, value: [] } },
  ...{ reads: 'trees' as const },
  fetched: { ok: true as const, value: { backups: chain.map(link), tools, seconds: 1 } },
};

const reds = (evidence: ReadEvidence) =>
  judgeRead(evidence).checks.flatMap(({ pass, name }) => (pass ? [] : [name]));
const read = (at: number, change: Partial<Parsed['streams'][number]>, guid = parsed.guid) => {
  const changed = parsed.streams.map((stream, n) => (n === at ? { ...stream, ...change } : stream));
  return { ...streams, parsed: { ok: true as const, value: { ...parsed, guid, streams: changed } } };
};

for (const evidence of [streams, trees]) {
  test(`what was read whole is green, and is not called restorable (${evidence.reads})`, () => {
    const verdict = judgeRead(evidence);

    assert.deepEqual(reds(evidence), []);
    assert.equal(verdict.pass, true);
    assert.equal(
      verdict.sentence,
      'home: readable: backup 1f1f1f1f (a full and 1 incremental), made 26 h ago: all 1000 B downloaded and read in 60 s, every hash right. Not restored into a pool, not compared.',
    );
    assert.doesNotMatch(verdict.sentence, /proven|restorable/);
    assert.ok(!('compared' in verdict.evidence));
    const { doesNotProve } = claimOf('stream', evidence.reads);
    assert.match(doesNotProve, /no proof that the backup can be restored/);
  });
}

const no = { ok: false, reason: 'because' } as const;
const cases: [string, ReadEvidence, string[]][] = [
  ['a fetch that failed', { ...streams, fetched: no }, ['chain', 'fetched', 'right-backup']],
  ['streams that no reader takes', { ...streams, parsed: no }, ['parsed']],
  ['another hash than was sent', read(0, { streamSha256: 'cd'.repeat(32) }), ['same-stream']],
  ['another length than was sent', read(1, { streamBytes: 999 }), ['same-stream']],
  ['a stream of another snapshot', read(0, { guid: '8' }), ['same-snapshot']],
  ['an end that is another snapshot', read(0, {}, '8'), ['same-snapshot']],
  ['an increment upon another snapshot', read(1, { baseGuid: '6' }), ['same-base']],
  ['a full that is an increment', read(0, { baseGuid: '6' }), ['same-base']],
  [
    'fewer streams than backups',
    {
      ...streams,
      parsed: { ok: true, value: { ...parsed, streams: parsed.streams.slice(1) } },
    },
    ['same-stream', 'same-snapshot', 'same-base'],
  ],
  ['a pipe that stays', { ...streams, left: { ok: true, value: ['pipe'] } }, ['nothing-left']],
  ['nobody who knows what stays', { ...streams, left: no }, ['nothing-left']],
  ['a backup of another dataset', { ...streams, source: 'photos' }, ['backup']],
  ['a backup from the future', { ...streams, endedAt: '2026-11-10T00:00:00Z' }, ['data-age']],
  [
    'no chain',
    { ...streams, chain: no, backup: no },
    ['backup', 'chain', 'right-backup', 'same-stream', 'same-snapshot', 'data-age'],
  ],
  ['a tree that could not be fetched', { ...trees, fetched: no }, ['chain', 'fetched', 'right-backup']],
  [
    'a tree of fewer volumes',
    {
      ...trees,
      fetched: {
        ok: true,
        value: { ...trees.fetched.value, backups: [link(full), { ...link(backup), volumes: 2 }] },
      },
    },
    ['right-backup'],
  ],
];
for (const [what, evidence, names] of cases) {
  test(`${what} is red by ${names[0]}`, () => {
    const verdict = judgeRead(evidence);

    for (const name of names) assert.ok(reds(evidence).includes(name), `${name} in ${reds(evidence)}`);
    assert.equal(verdict.pass, false);
    assert.match(verdict.sentence, /: NOT readable: /);
  });
}
