import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  Backup,
  Comparison,
  Fetched,
  FetchedBackup,
  Received,
  ReceivedStream,
} from '../contract/events.ts';
import type { CommonEvidence, StreamSteps } from './evidence.ts';
import { judge } from './verdict.ts';

const sha = 'ab'.repeat(32);
const otherSha = 'cd'.repeat(32);
const guid = '12345678901234567890';
const pool = 'haven-drill-0123abcd';
const full: Backup & { streamSha256: string } = {
  id: '0f0f0f0f',
  chain: '0f0f0f0f',
  kind: 'full',
  base: null,
  source: 'home',
  guid: '7',
  createdAt: '2026-11-20T20:00:00Z',
  committedAt: '2026-11-20T21:00:00Z',
  parts: 3,
  storedBytes: 500,
  type: 'filesystem',
  streamBytes: 1000,
  streamSha256: sha,
};
const backup: Backup & { streamSha256: string } = {
  ...full,
  id: '1f1f1f1f',
  kind: 'incremental',
  base: full.id,
  guid,
  createdAt: '2026-11-21T20:00:00Z',
  parts: 1,
  streamBytes: 10,
};
const chain = [full, backup];
const fetched: Fetched = {
  backups: chain.map(({ id, source: _source, committedAt: _at, ...rest }) => {
    return { ...rest, backup: id, baseGuid: rest.base === null ? null : full.guid, seconds: 1 };
  }),
  tools: {},
  seconds: 1,
};
const received: Received = {
  pool,
  dataset: 'restored',
  snapshot: 'drill-001',
  guid,
  streams: chain.map(({ guid: of, streamBytes, streamSha256 }) => {
    return { snapshot: 'drill', guid: of, streamBytes, streamSha256 };
  }),
  scrub: { state: 'finished', errors: 0 },
  tools: {},
  seconds: 1,
};
const comparison: Comparison = {
  entries: 12,
  files: 10,
  bytes: 900,
  mismatches: 0,
  byType: { file: 10, directory: 2 },
  checked: ['content', 'mode'],
  tools: {},
  seconds: 1,
};
const step = <T>(value: T) => ({ ok: true, value }) as const;
const none = { ok: false, reason: 'it is not there' } as const;

const good: CommonEvidence & StreamSteps = {
  reads: 'streams',
  source: 'home',
  startedAt: '2026-11-23T20:00:00Z',
  endedAt: '2026-11-23T20:05:00Z',
  seconds: 300,
  backup: step(backup),
  chain: step(chain),
  sourceGuid: step(guid),
  pool,
  fetched: step(fetched),
  received: step(received),
  compared: step(comparison),
  reaped: step([pool]),
  volumesLeft: step([]),
  tools: {},
  notKept: [],
  against: null,
};

test('complete and agreeing evidence passes, and the sentence says what was proven', () => {
  const verdict = judge(good);

  assert.ok(verdict.pass, JSON.stringify(verdict.checks.filter((check) => !check.pass)));
  assert.match(
    verdict.sentence,
    /proven restorable: backup 1f1f1f1f \(a full and 1 incremental\).*2 days ago.*10 files.*no difference/,
  );
  assert.equal(verdict.evidence, good);
});

/** The evidence's list with one entry changed. */
function changed<T>(list: T[], at: number, change: Partial<T>): T[] {
  return list.with(at, { ...list[at]!, ...change });
}
const listed = (at: number, change: Partial<Backup>) => ({ chain: step(changed(chain, at, change)) });
const came = (at: number, change: Partial<FetchedBackup>) => {
  return { fetched: step({ ...fetched, backups: changed(fetched.backups, at, change) }) };
};
const taken = (at: number, change: Partial<ReceivedStream>) => {
  return { received: step({ ...received, streams: changed(received.streams, at, change) }) };
};

/** The same drill, had the backup been of a volume. */
const ofVolume = (compared: Partial<Comparison> = {}): Partial<CommonEvidence & StreamSteps> => ({
  backup: step({ ...backup, type: 'volume' }),
  chain: step(chain.map((link) => ({ ...link, type: 'volume' as const }))),
  fetched: step({
    ...fetched,
    backups: fetched.backups.map((link) => ({ ...link, type: 'volume' as const })),
  }),
  compared: step({ ...comparison, entries: 1, files: 0, byType: { volume: 1 }, ...compared }),
});

test('a volume passes by its bytes: it has no files', () => {
  const verdict = judge({ ...good, ...ofVolume() });

  assert.ok(verdict.pass, JSON.stringify(verdict.checks.filter((check) => !check.pass)));
  assert.match(verdict.sentence, /every byte of the volume, 900 B compared, no difference/);
});

const faults: [string, string, Partial<CommonEvidence & StreamSteps>][] = [
  ['no backup', 'backup', { backup: none }],
  ['a backup of another dataset', 'backup', { backup: step({ ...backup, source: 'work' }) }],
  ['no source snapshot', 'same-snapshot', { sourceGuid: none }],
  ['a source of another GUID', 'same-snapshot', { sourceGuid: step('1') }],
  ['nothing fetched', 'fetched', { fetched: none }],
  ['another backup fetched', 'right-backup', came(1, { backup: 'ffffffff' })],
  ['fewer parts fetched', 'right-backup', came(0, { parts: 2 })],
  ['fewer stored bytes fetched', 'right-backup', came(1, { storedBytes: 499 })],
  ['another type fetched', 'right-backup', came(1, { type: 'volume' })],
  ['fetched of another GUID', 'same-snapshot', came(1, { guid: '1' })],
  ['fewer bytes fetched', 'same-stream', came(0, { streamBytes: 999 })],
  ['another hash fetched', 'same-stream', came(0, { streamSha256: otherSha })],
  ['nothing received', 'received', { received: none }],
  ['received into another pool', 'own-pool', { received: step({ ...received, pool: 'tank' }) }],
  ['fewer bytes received', 'same-stream', taken(1, { streamBytes: 999 })],
  ['another hash received', 'same-stream', taken(0, { streamSha256: otherSha })],
  ['another hash in the manifest', 'same-stream', listed(0, { streamSha256: otherSha })],
  ['restored with another GUID', 'same-snapshot', { received: step({ ...received, guid: '1' }) }],
  ['no chain', 'chain', { chain: none }],
  ['a chain without its full', 'chain', { chain: step([backup]) }],
  ['a chain that ends elsewhere', 'chain', { chain: step([full]) }],
  ['an empty chain', 'chain', { chain: step([]) }],
  ['a chain with a link too many', 'chain', { chain: step([full, { ...backup, id: '2f2f2f2f' }, backup]) }],
  ['a chain in the wrong order', 'chain', { chain: step([backup, full]) }],
  ['a listed link to another base', 'chain', listed(1, { base: 'eeeeeeee' })],
  ['a listed link of another chain', 'chain', listed(1, { chain: 'eeeeeeee' })],
  ['a listed link of another dataset', 'chain', listed(0, { source: 'work' })],
  ['a fetched link to another base', 'chain', came(1, { base: 'eeeeeeee' })],
  ['a fetched link to another snapshot', 'chain', came(1, { baseGuid: '8' })],
  ['a fetched full with a base', 'chain', came(0, { base: 'eeeeeeee' })],
  ['a fetched link of another chain', 'chain', came(1, { chain: 'eeeeeeee' })],
  [
    'a link that was not fetched',
    'right-backup',
    { fetched: step({ ...fetched, backups: fetched.backups.slice(0, 1) }) },
  ],
  [
    'links fetched in another order',
    'right-backup',
    { fetched: step({ ...fetched, backups: fetched.backups.toReversed() }) },
  ],
  [
    'a link that was not received',
    'same-stream',
    { received: step({ ...received, streams: received.streams.slice(0, 1) }) },
  ],
  [
    'one stream received twice',
    'same-stream',
    { received: step({ ...received, streams: [received.streams[0]!, ...received.streams] }) },
  ],
  [
    'streams received in another order',
    'same-stream',
    { received: step({ ...received, streams: received.streams.toReversed() }) },
  ],
  ['a step restored with another GUID', 'same-snapshot', taken(0, { guid: '1' })],
  [
    'a scrub with errors',
    'scrub',
    { received: step({ ...received, scrub: { state: 'finished', errors: 1 } }) },
  ],
  ['nothing compared', 'compared', { compared: none }],
  ['no entries compared', 'something-compared', { compared: step({ ...comparison, entries: 0 }) }],
  ['no files compared', 'something-compared', { compared: step({ ...comparison, files: 0 }) }],
  ['a volume of which no bytes were compared', 'something-compared', ofVolume({ bytes: 0 })],
  [
    'a volume compared as if it were a tree',
    'something-compared',
    ofVolume({ byType: { file: 9 }, files: 9 }),
  ],
  ['a volume with a mismatch', 'no-mismatch', ofVolume({ mismatches: 1 })],
  ['no bytes compared', 'something-compared', { compared: step({ ...comparison, bytes: 0 }) }],
  [
    'nothing checked of what was compared',
    'something-compared',
    { compared: step({ ...comparison, checked: [] }) },
  ],
  ['one mismatch', 'no-mismatch', { compared: step({ ...comparison, mismatches: 1 }) }],
  ['a pool that was not reaped', 'pool-destroyed', { reaped: step([]) }],
  ['another pool reaped', 'pool-destroyed', { reaped: step(['haven-drill-ffffffff']) }],
  ['reaping failed', 'pool-destroyed', { reaped: none }],
  ['a volume left behind', 'volumes-removed', { volumesLeft: step(['v']) }],
  ['volumes not looked for', 'volumes-removed', { volumesLeft: none }],
  ['a backup of unknown age', 'data-age', { backup: step({ ...backup, createdAt: 'x' }) }],
  [
    'a backup from the future',
    'data-age',
    { backup: step({ ...backup, createdAt: '2027-01-01T00:00:00Z' }) },
  ],
];
for (const [name, check, change] of faults) {
  test(`${name} turns the verdict red, by the check ${check}`, () => {
    const verdict = judge({ ...good, ...change });

    assert.equal(verdict.pass, false);
    const red = verdict.checks.filter((it) => !it.pass);
    assert.ok(
      red.some((it) => it.name === check && it.detail !== ''),
      JSON.stringify(red),
    );
    assert.match(verdict.sentence, /^home: NOT proven restorable: ./);
  });
}

const against = (change: Partial<Comparison>) => {
  return { strategy: 'a', comparable: true, compared: step({ ...comparison, ...change }) } as const;
};

test('what the other strategy restored of the same snapshot is compared, and the sentence says so', () => {
  const same = judge({ ...good, against: against({}) });
  const other = judge({ ...good, against: { strategy: 'a', comparable: false, reason: 'it has none' } });

  assert.deepEqual([same.pass, other.pass], [true, true]);
  assert.match(same.sentence, /The same as what strategy a restored/);
  assert.match(other.sentence, /Not compared with strategy a: it has none/);
  assert.equal(same.checks.filter(({ name }) => name === 'same-as-a').length, 1);
  assert.equal(other.checks.filter(({ name }) => name === 'same-as-a').length, 0);
});

for (const [name, change] of [
  ['a difference between what two strategies restored', { against: against({ mismatches: 1 }) }],
  ['a comparison of the two that compared nothing', { against: against({ files: 0 }) }],
  [
    'a comparison of the two that was not done',
    { against: { strategy: 'a', comparable: true, compared: none } },
  ],
] as const) {
  test(`${name} turns the verdict red`, () => {
    const verdict = judge({ ...good, ...change });

    assert.deepEqual(
      verdict.checks.filter(({ pass }) => !pass).map((red) => red.name),
      ['same-as-a'],
    );
  });
}
