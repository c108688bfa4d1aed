// A made-up dataset of which a snapshot is taken for each round, as the controller does: the older ones go.
import { randomBytes } from 'node:crypto';
import type { FakeSource } from '../../images/strategy-b/src/testing/fake-tools.ts';
import { zfsStream } from '../../images/strategy-b/src/testing/zfs-stream.ts';
import { fakeSource } from '../strategy-b/sources.ts';

/** A full and an incremental are about as long, so that their runs have about as many steps. */
const contentBytes = 230_000;

export interface FakePool {
  now(): FakeSource[];
  /** Takes another snapshot; the oldest but two goes. */
  snapshot(): FakeSource;
  /** The stream from a snapshot, or the full one. */
  expected(guid: string, base: string | null): Buffer;
}

export function fakePool(): FakePool {
  const all: FakeSource[] = [];
  function snapshot(): FakeSource {
    const number = all.length;
    const guid = String(1000 + number);
    const from = all
      .slice(-2)
      .map((earlier) => [
        earlier.guid,
        zfsStream(guid, randomBytes(contentBytes), 'filesystem', earlier.guid),
      ]);
    const taken = fakeSource(
      {
        ...{ guid, snapshot: `canary-snapshot-${number}`, txg: 100 + number, from: Object.fromEntries(from) },
      },
      contentBytes,
    );
    all.push(taken);
    return taken;
  }
  snapshot();
  return {
    now: () => all.slice(-3),
    snapshot,
    expected: (guid, base) => {
      const { stream, from } = all.find((source) => source.guid === guid)!;
      return base === null ? stream : from![base]!;
    },
  };
}
