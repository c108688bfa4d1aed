// A made-up pool on a clock of its own, seen by both who look at it: the controller, through its `Command`, and strategy B, through the fake tools of its own
// tests. What a snapshot's stream holds follows from its GUID and its base alone, so that nothing has to be kept to know what a restore must give back.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { act, type FakeState, fakeState } from '../../controller/testing/fake-zfs.ts';
import { createFakeTools, type FakeSource } from '../../images/strategy-b/src/testing/fake-tools.ts';
import { zfsStream } from '../../images/strategy-b/src/testing/zfs-stream.ts';

export const dataset = 'tank/years';

/** Of how many earlier snapshots there is an incremental: more than any outage lasts. */
const reach = 45;
/** The fake tools count a snapshot's creation from here, in seconds since 1970. */
const creationOfTxg0 = 1_790_000_000;

export interface Pool {
  /** What the controller calls `zfs` and `zpool`. */
  command(args: string[]): Promise<string>;
  /** PATH for strategy B's tools, which see the pool as it is now. */
  toolPath(): string;
  /** Takes over what strategy B has done by its tools: holds. */
  readBack(): void;
  /** The stream that a backup of this snapshot from that base must give back. */
  expected(guid: string, baseGuid: string | null): Buffer;
  guidOf(snapshot: string): string | undefined;
}

export function createPool(folder: string, now: () => number): Pool {
  const state: FakeState = fakeState([dataset]);
  const seen: string[] = [];
  const tools = join(folder, 'tools');
  const snapshots = () => state.datasets[dataset]!.snapshots;

  return {
    command: async (args) => {
      const [verb = '', ...rest] = args;
      return act(state, verb, rest, now())
        .map((line) => `${line}\n`)
        .join('');
    },
    toolPath: () => {
      for (const { guid } of snapshots()) if (!seen.includes(guid)) seen.push(guid);
      const sources = snapshots().map(({ name, guid, creation }): FakeSource => {
        const bases = seen.slice(0, seen.indexOf(guid)).slice(-reach);
        const from = Object.fromEntries(bases.map((base) => [base, streamOf(guid, base)]));
        return {
          dataset,
          snapshot: name,
          guid,
          stream: streamOf(guid, null),
          from,
          txg: creation - creationOfTxg0,
        };
      });
      const { path } = createFakeTools(tools, sources);
      const held = snapshots().flatMap(({ name, holds }) =>
        holds.map((tag) => `${dataset}@${name}\t${tag}\n`),
      );
      writeFileSync(join(tools, 'holds'), held.join(''));
      return path;
    },
    readBack: () => {
      const lines = readFileSync(join(tools, 'holds'), 'utf8').split('\n').filter(Boolean);
      for (const snapshot of snapshots())
        snapshot.holds = lines.flatMap((line) => {
          const [name, tag] = line.split('\t') as [string, string];
          return name === `${dataset}@${snapshot.name}` ? [tag] : [];
        });
    },
    expected: streamOf,
    guidOf: (snapshot) => snapshots().find(({ name }) => name === snapshot)?.guid,
  };
}

/** A full is ten times as long as an incremental; neither can be compressed. */
function streamOf(guid: string, baseGuid: string | null): Buffer {
  const blocks = baseGuid === null ? 3000 : 300;
  const content = Buffer.concat(
    Array.from({ length: blocks }, (_, n) => createHash('md5').update(`${guid} ${baseGuid} ${n}`).digest()),
  );
  return zfsStream(guid, content, 'filesystem', baseGuid ?? '0');
}
