import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backup, Comparison, Fetched, Received } from '../contract/events.ts';
import type { Evidence } from './evidence.ts';
import { judge } from './verdict.ts';

const sha = 'ab'.repeat(32);
const guid = '12345678901234567890';
const pool = 'haven-drill-0123abcd';
const stream = { streamBytes: 1000, streamSha256: sha };
const backup: Backup = {
  id: '0f0f0f0f',
  chain: '0f0f0f0f',
  kind: 'full',
  base: null,
  source: 'home',
  guid,
  createdAt: '2026-11-21T20:00:00Z',
  committedAt: '2026-11-21T21:00:00Z',
  parts: 3,
  storedBytes: 500,
  type: 'filesystem',
  ...stream,
};
const fetched: Fetched = {
  backup: backup.id,
  guid,
  parts: 3,
  storedBytes: 500,
  createdAt: backup.createdAt,
  type: 'filesystem',
  tools: {},
  seconds: 1,
  ...stream,
};
const received: Received = {
  pool,
  dataset: 'restored',
  snapshot: 'drill',
  guid,
  scrub: { state: 'finished', errors: 0 },
  tools: {},
  seconds: 1,
  ...stream,
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

const good: Evidence = {
  source: 'home',
  startedAt: '2026-11-23T20:00:00Z',
  endedAt: '2026-11-23T20:05:00Z',
  seconds: 300,
  backup: step(backup),
  sourceGuid: step(guid),
  pool,
  fetched: step(fetched),
  received: step(received),
  compared: step(comparison),
  reaped: step([pool]),
  volumesLeft: step([]),
  tools: {},
};

test('complete and agreeing evidence passes, and the sentence says what was proven', () => {
  const verdict = judge(good);

  assert.ok(verdict.pass, JSON.stringify(verdict.checks.filter((check) => !check.pass)));
  assert.match(verdict.sentence, /proven restorable.*2 days ago.*10 files.*no difference/);
  assert.equal(verdict.evidence, good);
});

const faults: [string, string, Partial<Evidence>][] = [
  ['no backup', 'backup', { backup: none }],
  ['a backup of another dataset', 'backup', { backup: step({ ...backup, source: 'work' }) }],
  ['no source snapshot', 'same-snapshot', { sourceGuid: none }],
  ['a source of another GUID', 'same-snapshot', { sourceGuid: step('1') }],
  ['nothing fetched', 'fetched', { fetched: none }],
  ['another backup fetched', 'right-backup', { fetched: step({ ...fetched, backup: 'ffffffff' }) }],
  ['fewer parts fetched', 'right-backup', { fetched: step({ ...fetched, parts: 2 }) }],
  ['fewer stored bytes fetched', 'right-backup', { fetched: step({ ...fetched, storedBytes: 499 }) }],
  ['another type fetched', 'right-backup', { fetched: step({ ...fetched, type: 'volume' }) }],
  ['fetched of another GUID', 'same-snapshot', { fetched: step({ ...fetched, guid: '1' }) }],
  ['fewer bytes fetched', 'same-stream', { fetched: step({ ...fetched, streamBytes: 999 }) }],
  ['another hash fetched', 'same-stream', { fetched: step({ ...fetched, streamSha256: 'cd'.repeat(32) }) }],
  ['nothing received', 'received', { received: none }],
  ['received into another pool', 'own-pool', { received: step({ ...received, pool: 'tank' }) }],
  ['fewer bytes received', 'same-stream', { received: step({ ...received, streamBytes: 999 }) }],
  [
    'another hash received',
    'same-stream',
    { received: step({ ...received, streamSha256: 'cd'.repeat(32) }) },
  ],
  [
    'another hash in the manifest',
    'same-stream',
    { backup: step({ ...backup, streamSha256: 'cd'.repeat(32) }) },
  ],
  ['restored with another GUID', 'same-snapshot', { received: step({ ...received, guid: '1' }) }],
  [
    'a scrub with errors',
    'scrub',
    { received: step({ ...received, scrub: { state: 'finished', errors: 1 } }) },
  ],
  ['nothing compared', 'compared', { compared: none }],
  ['no entries compared', 'something-compared', { compared: step({ ...comparison, entries: 0 }) }],
  ['no files compared', 'something-compared', { compared: step({ ...comparison, files: 0 }) }],
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
