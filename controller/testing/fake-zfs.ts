// A `zfs` and `zpool` with a memory in a JSON file, for tests without ZFS: fake-zfs.ts STATE.json VERB …
// It knows the calls that the controller makes, and refuses every other one.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';

export interface FakeSnapshot {
  name: string;
  guid: string;
  txg: number;
  creation: number;
  holds: string[];
  properties: Record<string, string>;
}

export interface FakeState {
  datasets: Record<
    string,
    {
      type: string;
      allowed: string[];
      snapshots: FakeSnapshot[];
      guid?: string;
      keystatus?: string;
      bytes?: number;
      /** Set on the dataset itself. */
      properties?: Record<string, string>;
      available?: number;
    }
  >;
  pools: string[];
  /** GUID of the next snapshot; large, because real ones do not fit a number. */
  nextGuid: string;
  nextTxg: number;
  userland: string;
  kernel: string;
}

export const firstGuid = '12345678901234567890';

export function fakeState(datasets: string[]): FakeState {
  const entries = datasets.map((name) => [name, { type: 'filesystem', allowed: [], snapshots: [] }]);
  return {
    datasets: Object.fromEntries(entries),
    pools: ['tank'],
    nextGuid: firstGuid,
    nextTxg: 10,
    userland: '2.3.2-1',
    kernel: '2.3.2-1',
  };
}

export class Refusal extends Error {}

/** Given the state, do what `zfs VERB ARGS` would do to it and return what it would print; throws Refusal with what it would complain of. */
export function act(state: FakeState, verb: string, args: string[], now = Date.now()): string[] {
  const datasetOf = (name: string) => {
    const found = state.datasets[name];
    if (found === undefined) throw new Refusal(`cannot open '${name}': dataset does not exist`);
    return found;
  };
  const snapshotOf = (full: string) => {
    const [dataset = '', name] = full.split('@');
    const found = datasetOf(dataset).snapshots.find((snapshot) => snapshot.name === name);
    if (found === undefined)
      throw new Refusal(`could not find any snapshots to act on: '${full}' does not exist`);
    return found;
  };
  const last = args.at(-1) ?? '';
  switch (verb) {
    case 'version':
      return [`zfs-${state.userland}`, `zfs-kmod-${state.kernel}`];
    case 'snapshot': {
      const [, property = '', ...fulls] = args[0] === '-o' ? args : ['', '', ...args];
      const [key = '', value = ''] = property.split('=');
      for (const full of fulls) {
        const [dataset = '', name = ''] = full.split('@');
        const creation = Math.floor(now / 1000);
        const { snapshots } = datasetOf(dataset);
        const properties = { [key]: value };
        snapshots.push({ name, guid: state.nextGuid, txg: state.nextTxg, creation, holds: [], properties });
        state.nextGuid = String(BigInt(state.nextGuid) + 1n);
        state.nextTxg += 1;
      }
      return [];
    }
    case 'create': {
      const parent = last.slice(0, last.lastIndexOf('/'));
      datasetOf(parent);
      if (state.datasets[last] !== undefined)
        throw new Refusal(`cannot create '${last}': dataset already exists`);
      const pairs = args.flatMap((word, at) => (word === '-o' ? [args[at + 1]!.split('=')] : []));
      const properties = Object.fromEntries(pairs) as Record<string, string>;
      state.datasets[last] = { type: 'filesystem', allowed: [], snapshots: [], properties };
      return [];
    }
    case 'set': {
      const [property = '', value = ''] = (args[0] ?? '').split('=');
      const dataset = datasetOf(last);
      dataset.properties = { ...dataset.properties, [property]: value };
      return [];
    }
    case 'inherit':
      delete datasetOf(last).properties?.[args[0] ?? ''];
      return [];
    case 'get':
      if (args.includes('haven:restore')) return [datasetOf(last).properties?.['haven:restore'] ?? []].flat();
      return datasetOf(last).snapshots.flatMap((snapshot) => {
        const line = (property: string, value: string | number, source = '-') =>
          [`${last}@${snapshot.name}`, property, value, source].join('\t');
        const mark = snapshot.properties['haven:snapshot'];
        return [
          line('guid', snapshot.guid),
          line('createtxg', snapshot.txg),
          line('creation', snapshot.creation),
          line('userrefs', snapshot.holds.length),
          line('haven:snapshot', mark ?? '-', mark === undefined ? '-' : 'local'),
        ];
      });
    case 'list':
      if (args.includes('name,type,used,referenced'))
        return Object.entries(state.datasets).map(([name, { type, bytes = 1000 }]) =>
          [name, type, bytes * 2, bytes].join('\t'),
        );
      if (args.includes('logicalreferenced'))
        return args
          .slice(args.indexOf('logicalreferenced') + 1)
          .map((name) => String(datasetOf(name).bytes ?? 1000));
      if (args.includes('name,guid,keystatus,type')) {
        datasetOf(last);
        return Object.entries(state.datasets)
          .filter(([name]) => name === last || (args.includes('-r') && name.startsWith(`${last}/`)))
          .map(([name, { guid, keystatus, type }]) =>
            [name, guid ?? name.length, keystatus ?? '-', type].join('\t'),
          );
      }
      if (args.includes('filesystem,volume'))
        return Object.entries(state.datasets).map(([name, { type, available = 2 ** 40 }]) =>
          last === 'name' ? name : [name, type, available].join('\t'),
        );
      if (args.includes('type')) return [datasetOf(last).type];
      return state.pools;
    case 'hold':
      snapshotOf(last).holds.push(args[0] ?? '');
      return [];
    case 'release': {
      const snapshot = snapshotOf(last);
      snapshot.holds = snapshot.holds.filter((tag) => tag !== args[0]);
      return [];
    }
    case 'holds':
      return args
        .slice(1)
        .flatMap((full) => snapshotOf(full).holds.map((tag) => `${full}\t${tag}\tMon Nov 23 20:00 2026`));
    case 'destroy': {
      if (last.includes('@') && snapshotOf(last).holds.length > 0)
        throw new Refusal(`cannot destroy '${last}': dataset is busy`);
      const [dataset = '', name] = last.split('@');
      const owner = datasetOf(dataset);
      if (name === undefined) {
        delete state.datasets[dataset];
        return [];
      }
      owner.snapshots = owner.snapshots.filter((snapshot) => snapshot.name !== name);
      return [];
    }
    case 'allow': {
      if (args[0] === '-u') {
        datasetOf(last).allowed = (args[2] ?? '').split(',');
        return [];
      }
      const { allowed } = datasetOf(last);
      if (allowed.length === 0) return [];
      return [
        `---- Permissions on ${last} ${'-'.repeat(20)}`,
        'Local+Descendent permissions:',
        `\tuser (unknown: 1000) ${allowed.join(',')}`,
      ];
    }
    default:
      throw new Refusal(`unrecognized command '${verb}'`);
  }
}

/** Given where the state is, do as told in this process: a new one for each call would take most of a test's time. */
export async function fakeZfs(path: string, [verb = '', ...args]: string[]): Promise<string> {
  appendFileSync(`${path}.calls`, `${JSON.stringify([verb, ...args])}\n`);
  const state = JSON.parse(readFileSync(path, 'utf8')) as FakeState;
  const lines = act(state, verb, args);
  writeFileSync(path, JSON.stringify(state));
  return lines.map((line) => `${line}\n`).join('');
}

if (import.meta.main) {
  const [path = '', ...args] = process.argv.slice(2);
  try {
    process.stdout.write(await fakeZfs(path, args));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
