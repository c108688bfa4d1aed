import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../drive/errors.ts';
import type { Store, StoredFile } from '../drive/store.ts';
import { compareWithStore } from './compare.ts';
import { Manifest } from './manifest.ts';

const backup = 'b'.repeat(32);
const stored = { bytes: 50, md5: '1'.repeat(32), sha256: '2'.repeat(64) };

function manifest(more: object = {}): Manifest {
  return Manifest.parse({
    ...{ format: 'haven-b/1', backup, chain: backup, kind: 'full', base: null, sendFlags: [], writer: {} },
    source: {
      ...{ id: 'home', dataset: 'tank/d', snapshot: 's', guid: '1', type: 'filesystem' },
      createdAt: '2026-11-23T20:00:00.000Z',
    },
    ...{ createdAt: '2026-11-23T20:00:00.000Z', committedAt: '2026-11-23T20:00:00.000Z' },
    stream: { bytes: 100, sha256: '3'.repeat(64) },
    parts: [
      {
        ...{ n: 0, file: 'p0', name: 'h1', compression: 'xz', stored },
        stream: { offset: 0, bytes: 100, sha256: '3'.repeat(64) },
      },
    ],
    ...more,
  });
}

function file(id: string, kind: string, more: Partial<StoredFile> = {}): StoredFile {
  const properties = { haven: 'haven', kind, backup };
  return { id, name: 'h1', ...stored, trashed: false, createdAt: undefined, properties, ...more };
}

/** Given what the list shows and what a question by id shows, return the kinds of findings. */
async function kinds(listed: StoredFile[], byId: StoredFile[], written = manifest()): Promise<string[]> {
  const get = async (id: string) => {
    const found = byId.find((each) => each.id === id);
    if (found === undefined) throw new StoreError('not-found', 'HTTP 404');
    return found;
  };
  const findings = await compareWithStore({
    manifests: [{ file: file('m', 'manifest'), manifest: written }],
    catalogue: { manifests: [file('m', 'manifest')], parts: listed },
    remembered: [],
    store: { get } as unknown as Store,
  });
  return findings.map(({ kind }) => kind);
}

test('a part that the list does not show is asked for by its id before it is called missing', async () => {
  assert.deepEqual(await kinds([], [file('p0', 'part')]), []);
  assert.deepEqual(await kinds([], []), ['missing']);
});

test('a checksum that the store leaves out is no agreement, unless it is the sha256', async () => {
  assert.deepEqual(await kinds([file('p0', 'part', { sha256: undefined })], []), []);
  assert.deepEqual(await kinds([file('p0', 'part', { md5: undefined })], []), ['altered']);
});

for (const [name, more] of [
  ['size', { bytes: 51 }],
  ['md5', { md5: '9'.repeat(32) }],
  ['sha256', { sha256: '9'.repeat(64) }],
] as const) {
  test(`another ${name} is an altered part`, async () => {
    assert.deepEqual(await kinds([file('p0', 'part', more)], []), ['altered']);
  });
}

test('a part that the manifest does not name is extra; one of an unfinished backup is not', async () => {
  const stranger = file('p9', 'part');
  const unfinished = file('p8', 'part', {
    properties: { haven: 'haven', kind: 'part', backup: 'c'.repeat(32) },
  });

  assert.deepEqual(await kinds([file('p0', 'part'), stranger, unfinished], []), ['extra']);
});

test('an incremental whose base is gone is a finding', async () => {
  const base = 'c'.repeat(32);
  const incremental = manifest({ kind: 'incremental', base, baseGuid: '1', chain: base });

  assert.deepEqual(await kinds([file('p0', 'part')], [], incremental), ['broken-chain']);
});

const part = manifest().parts[0]!;
for (const [name, more] of [
  ['an unknown format', { format: 'haven-b/2' }],
  ['no parts', { parts: [] }],
  ['a part with another number', { parts: [{ ...part, n: 1 }] }],
  ['a base that a full cannot have', { base: 'c'.repeat(32) }],
  ['a base without its GUID', { kind: 'incremental', chain: 'c'.repeat(32), base: 'c'.repeat(32) }],
  ['a gap', { parts: [{ ...part, stream: { ...part.stream, offset: 5 } }] }],
  ['fewer bytes than the stream', { stream: { bytes: 101, sha256: '3'.repeat(64) } }],
] as const) {
  test(`a manifest with ${name} is refused`, () => {
    assert.throws(() => manifest(more));
  });
}
