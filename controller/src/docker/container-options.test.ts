import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StrategyName, Verb } from '../contract/request.ts';
import { containerOptions, type RunSpec } from './container-options.ts';
import { cutLines } from './lines.ts';
import type { Part } from './privileges.ts';

function spec(part: Part, verb: Verb, strategy: StrategyName | null = null): RunSpec {
  return {
    image: 'x',
    part,
    strategy,
    verb,
    run: 'r-1',
    name: 'n',
    home: '/h',
    network: 'store',
    zfsDevice: '/dev/zfs',
    limits: { memory: 1000, pids: 10 },
    mounts: [],
  };
}

// images/CONTRACT.md section 5, written down a second time on purpose.
const fetchesTree = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'];
const table: [Part, Verb, string, string[], string[], string, StrategyName?][] = [
  ['strategy-a', 'version', '0:0', [], [], 'none'],
  ['strategy-a', 'backup', '0:0', ['DAC_READ_SEARCH'], [], 'store'],
  ['strategy-a', 'prune', '0:0', ['DAC_READ_SEARCH'], [], 'store'],
  ['drill', 'prepare', '0:0', ['SYS_ADMIN'], ['/dev/zfs'], 'none'],
  ['drill', 'fetch', '0:0', fetchesTree, [], 'store', 'a'],
  ['drill', 'look', '0:0', [], [], 'store', 'a'],
  ['drill', 'look', '1000:1000', [], [], 'store', 'b'],
  ['drill', 'seal', '0:0', ['SYS_ADMIN'], ['/dev/zfs'], 'none'],
  ['strategy-b', 'version', '1000:1000', [], [], 'none'],
  ['strategy-b', 'backup', '1000:1000', [], ['/dev/zfs'], 'store'],
  ['strategy-b', 'list', '1000:1000', [], ['/dev/zfs'], 'store'],
  ['strategy-b', 'prune', '1000:1000', [], ['/dev/zfs'], 'store'],
  ['drill', 'fetch', '1000:1000', [], [], 'store', 'b'],
  ['drill', 'receive', '0:0', ['SYS_ADMIN'], ['/dev/zfs'], 'none'],
  ['drill', 'restore', '0:0', ['SYS_ADMIN'], ['/dev/zfs'], 'none'],
  ['drill', 'copy-out', '0:0', fetchesTree, [], 'none'],
  ['drill', 'reap', '0:0', ['SYS_ADMIN'], ['/dev/zfs'], 'none'],
  ['drill', 'verify-volume', '1000:1000', [], ['/dev/zfs'], 'none'],
  ['drill', 'verify', '0:0', ['DAC_READ_SEARCH'], [], 'none'],
];
for (const [part, verb, user, capabilities, devices, network, strategy] of table) {
  test(`${part} ${verb} ${strategy ?? ''} gets what the contract grants and no more`, () => {
    const { User, HostConfig } = containerOptions(spec(part, verb, strategy));

    assert.deepEqual(
      [
        User,
        HostConfig?.CapDrop,
        HostConfig?.CapAdd,
        HostConfig?.Devices?.map((one: { PathOnHost: string }) => one.PathOnHost),
        HostConfig?.NetworkMode,
      ],
      [user, ['ALL'], capabilities, devices, network],
    );
    assert.ok(HostConfig?.ReadonlyRootfs);
    assert.ok(HostConfig.SecurityOpt.includes('no-new-privileges'));
    assert.deepEqual([HostConfig.PidsLimit, HostConfig.Memory, HostConfig.MemorySwap], [10, 1000, 1000]);
    assert.ok(!HostConfig.Privileged);
  });
}

test('a verb that the contract does not know gets nothing at all', () => {
  assert.throws(() => containerOptions(spec('drill', 'backup')), /knows no verb/);
  assert.throws(() => containerOptions(spec('drill', 'fetch')), /knows no verb/);
});

test('a snapshot is mounted by Docker itself, read-only, whatever its name', () => {
  const snapshot = 'tank/my home@haven-1';
  const mounts = [{ kind: 'zfs', name: 'v', device: snapshot, to: '/haven/source' } as const];

  const [mount] = containerOptions({ ...spec('drill', 'verify'), mounts }).HostConfig?.Mounts ?? [];

  assert.ok(mount?.ReadOnly);
  const options = mount.VolumeOptions?.DriverConfig;
  assert.deepEqual(options, { Name: 'local', Options: { type: 'zfs', device: snapshot, o: 'ro' } });
});

test('only a dataset of a throwaway pool is mounted to be written, and says whose it is', () => {
  const mounts = [
    {
      kind: 'zfs',
      name: 'v',
      device: 'haven-drill-1/restored',
      to: '/haven/restored',
      writable: true,
    } as const,
  ];

  const [mount] = containerOptions({ ...spec('drill', 'fetch', 'a'), mounts }).HostConfig?.Mounts ?? [];

  assert.equal(mount?.ReadOnly, false);
  assert.equal(mount?.VolumeOptions?.DriverConfig?.Options.o, 'rw');
  assert.deepEqual(mount?.VolumeOptions?.Labels, {
    'haven.home': '/h',
    'haven.run': 'r-1',
    'haven.part': 'drill',
  });
});

test('mounts are read-only unless they say otherwise', () => {
  const mounts = [
    { kind: 'file', from: '/a', to: '/b' } as const,
    { kind: 'volume', name: 'v', to: '/c' } as const,
  ];

  const made = containerOptions({ ...spec('strategy-b', 'backup'), mounts }).HostConfig?.Mounts ?? [];

  assert.ok(made.length === 2 && made.every((mount) => mount.ReadOnly));
});

test('lines are cut whatever the chunks, and a last one without its newline counts', () => {
  const text = 'one\ntwo ä\n\nthree';
  for (let size = 1; size <= text.length; size += 1) {
    const taken: string[] = [];
    const lines = cutLines(100, (line) => taken.push(line));
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) lines.push(bytes.subarray(at, at + size));
    lines.end();

    assert.deepEqual(taken, ['one', 'two ä', 'three']);
  }
});

test('an endless line is handed over cut, and what follows it is whole', () => {
  const taken: [number, boolean][] = [];
  const lines = cutLines(8, (line, whole) => taken.push([line.length, whole]));

  for (const chunk of ['12345', '67890', '12345', '\nshort\n']) lines.push(Buffer.from(chunk));
  lines.end();

  assert.deepEqual(taken, [
    [8, false],
    [5, true],
  ]);
});
