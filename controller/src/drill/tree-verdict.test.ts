// The judge over a strategy that keeps trees: the same demands, without streams.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backup, Comparison, FetchedTree, FetchedVolumes } from '../contract/events.ts';
import type { CommonEvidence, TreeSteps } from './evidence.ts';
import { judge } from './verdict.ts';

const guid = '12345678901234567890';
const pool = 'haven-drill-0123abcd';
const common = {
  source: 'home',
  type: 'filesystem',
  chain: '0f0f0f0f',
  streamBytes: 10,
  storedBytes: 500,
} as const;
const full: Backup = {
  ...{ ...common, id: '0f0f0f0f', kind: 'full', base: null, guid: '7', parts: 3 },
  ...{ createdAt: '2026-11-20T20:00:00Z', committedAt: '2026-11-20T21:00:00Z' },
};
const backup: Backup = {
  ...{ ...full, id: '1f1f1f1f', kind: 'incremental', base: full.id, guid, parts: 1 },
  createdAt: '2026-11-21T20:00:00Z',
};
const step = <T>(value: T) => ({ ok: true, value }) as const;
const none = { ok: false, reason: 'it is not there' } as const;
const fetched: FetchedTree = {
  backups: [full, backup].map(({ id, kind, base, chain, guid: of, parts, createdAt }) => {
    return { id, kind, base, chain, guid: of, volumes: parts, bytes: 500, createdAt };
  }),
  tools: {},
  seconds: 1,
};
const dataset = `${pool}/restored`;
const sealed = { pool, dataset, snapshot: 'drill-000', guid: '9', scrub: { state: 'finished', errors: 0 } };
const comparison: Comparison = {
  ...{ entries: 12, files: 10, bytes: 900, mismatches: 0, byType: { file: 10, directory: 2 } },
  ...{ checked: ['content', 'mode'], tools: {}, seconds: 1 },
};
const good: CommonEvidence & TreeSteps = {
  reads: 'trees',
  source: 'home',
  startedAt: '2026-11-23T20:00:00Z',
  endedAt: '2026-11-23T20:05:00Z',
  seconds: 300,
  backup: step(backup),
  chain: step([full, backup]),
  sourceGuid: step(guid),
  pool,
  prepared: step({ pool, dataset }),
  fetched: step(fetched),
  sealed: step(sealed),
  compared: step(comparison),
  reaped: step([pool]),
  volumesLeft: step([]),
  tools: {},
  notKept: ['volumes'],
  against: null,
};

test('complete and agreeing evidence passes', () => {
  const verdict = judge(good);

  assert.ok(verdict.pass, JSON.stringify(verdict.checks.filter((check) => !check.pass)));
  assert.match(verdict.sentence, /backup 1f1f1f1f \(a full and 1 incremental\).*10 files/);
});

const came = (at: number, change: Partial<FetchedVolumes>) => {
  return {
    fetched: step({ ...fetched, backups: fetched.backups.with(at, { ...fetched.backups[at]!, ...change }) }),
  };
};
const faults: [string, string, Partial<CommonEvidence & TreeSteps>][] = [
  ['no pool', 'prepared', { prepared: none }],
  ['another pool', 'own-pool', { prepared: step({ pool: 'tank', dataset }) }],
  ['nothing fetched', 'fetched', { fetched: none }],
  ['fewer volumes', 'right-backup', came(0, { volumes: 2 })],
  ['another backup', 'right-backup', came(1, { id: 'ffffffff' })],
  ['a link of another snapshot', 'right-backup', came(0, { guid: '8' })],
  [
    'a link that was not fetched',
    'right-backup',
    { fetched: step({ ...fetched, backups: fetched.backups.slice(1) }) },
  ],
  [
    'links in another order',
    'chain',
    { fetched: step({ ...fetched, backups: fetched.backups.toReversed() }) },
  ],
  ['a link to another base', 'chain', came(1, { base: 'eeeeeeee' })],
  ['a link of another chain', 'chain', came(1, { chain: 'eeeeeeee' })],
  ['a full with a base', 'chain', came(0, { base: 'eeeeeeee' })],
  ['a broken list', 'chain', { chain: step([backup]) }],
  ['another snapshot', 'same-snapshot', came(1, { guid: '8' })],
  ['no source', 'same-snapshot', { sourceGuid: none }],
  ['a source of another GUID', 'same-snapshot', { sourceGuid: step('8') }],
  ['nothing sealed', 'sealed', { sealed: none }],
  ['another dataset sealed', 'same-dataset', { sealed: step({ ...sealed, dataset: `${pool}/other` }) }],
  ['a scrub with errors', 'scrub', { sealed: step({ ...sealed, scrub: { state: 'finished', errors: 1 } }) }],
  ['no files compared', 'something-compared', { compared: step({ ...comparison, files: 0 }) }],
  ['one mismatch', 'no-mismatch', { compared: step({ ...comparison, mismatches: 1 }) }],
  ['a pool that was not reaped', 'pool-destroyed', { reaped: step([]) }],
];
for (const [name, check, change] of faults) {
  test(`${name} turns the verdict red, by the check ${check}`, () => {
    const verdict = judge({ ...good, ...change });

    assert.equal(verdict.pass, false);
    const red = verdict.checks.filter(({ pass }) => !pass);
    assert.ok(
      red.some((it) => it.name === check && it.detail !== ''),
      JSON.stringify(red),
    );
  });
}
