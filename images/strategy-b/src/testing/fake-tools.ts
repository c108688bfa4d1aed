// A PATH folder for tests: a `zfs` that serves a prepared stream and keeps holds in a file, and real or spoiled `xz`, `zstd` and `gpg`.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How a tool behaves. `die`, `stall` and `exit-0-early` strike after `after` bytes of output. */
export type Behaviour = 'right' | 'die' | 'stall' | 'exit-0-early' | 'silent';

export interface FakeSource {
  dataset: string;
  snapshot: string;
  guid: string;
  stream: Buffer;
  /** Streams from earlier snapshots, by their GUID. */
  from?: Record<string, Buffer>;
  estimate?: number;
  encryption?: string;
  /** When it was taken, in the pool's transactions. */
  txg?: number;
  behaviour?: Behaviour;
  after?: number;
}

export interface FakeTools {
  path: string;
  holds(): string[];
  addHold(tag: string, snapshot: string): void;
  bookmarks(): string[];
  /** The arguments of each `zfs send` that was run, but for dry runs. */
  sends(): string[][];
  /** How often a piece was compressed, or begun to be. */
  compressions(): number;
  /** Pids of the fakes that were started, alive or not. */
  pids(): number[];
}

const realPath = '/usr/local/bin:/usr/bin:/bin';

/** Given a folder and sources, write the fakes there and return PATH for them. */
export function createFakeTools(
  folder: string,
  sources: FakeSource[],
  spoiled: { tool: 'xz' | 'zstd' | 'gpg'; behaviour: Behaviour; after?: number } | null = null,
): FakeTools {
  mkdirSync(folder, { recursive: true });
  const config = sources.map(({ stream, from = {}, ...source }, index) => {
    const file = join(folder, `stream-${index}`);
    writeFileSync(file, stream);
    for (const [guid, incremental] of Object.entries(from))
      writeFileSync(`${file}-from-${guid}`, incremental);
    const defaults = { estimate: null, behaviour: 'right', after: 0, encryption: 'off', txg: 100 + index };
    return { ...defaults, ...source, file };
  });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  for (const kept of ['holds', 'bookmarks']) writeFileSync(join(folder, kept), '', { flag: 'a' });
  writeFileSync(join(folder, 'pids'), '');
  script(folder, 'zfs', `#!${process.execPath}\n${fakeZfs(folder)}`);
  for (const tool of ['xz', 'zstd', 'gpg'] as const) {
    const behaviour = spoiled?.tool === tool ? spoiled.behaviour : 'right';
    script(folder, tool, fakeFilter(folder, tool, behaviour, spoiled?.after ?? 0));
  }
  return {
    path: `${folder}:${realPath}`,
    holds: () => lines(join(folder, 'holds')),
    addHold: (tag, snapshot) => writeFileSync(join(folder, 'holds'), `${snapshot}\t${tag}\n`, { flag: 'a' }),
    bookmarks: () => lines(join(folder, 'bookmarks')).map((line) => line.split('\t')[0]!),
    sends: () => lines(join(folder, 'sends')).map((line) => JSON.parse(line) as string[]),
    compressions: () => lines(join(folder, 'compressions')).length,
    pids: () => lines(join(folder, 'pids')).map(Number),
  };
}

function script(folder: string, name: string, text: string): void {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, 0o755);
}

function lines(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').filter(Boolean);
}

/** Encrypting or compressing it is spoiled; decrypting and decompressing it is not, so that the proof is a real one. */
function fakeFilter(folder: string, tool: string, behaviour: Behaviour, after: number): string {
  const real = `/usr/bin/${tool}`;
  const spoil = {
    right: `exec ${real} "$@"`,
    die: `head -c ${after} | ${real} "$@"; echo "${tool}: it broke" >&2; exit 3`,
    stall: `${real} "$@" | head -c ${after}; sleep 1000`,
    'exit-0-early': `head -c ${after} | ${real} "$@"; exit 0`,
    silent: 'exit 0',
  }[behaviour];
  return `#!/bin/sh
echo $$ >> '${join(folder, 'pids')}'
case " $* " in *' --decompress '*|*' --decrypt '*|*' --version '*) exec ${real} "$@";; esac
${tool === 'gpg' ? '' : `echo ${tool} >> '${join(folder, 'compressions')}'`}
${spoil}
`;
}

function fakeZfs(folder: string): string {
  return `
const fs = require('node:fs');
const folder = ${JSON.stringify(folder)};
fs.appendFileSync(folder + '/pids', process.pid + '\\n');
const sources = JSON.parse(fs.readFileSync(folder + '/config.json', 'utf8'));
const [verb, ...args] = process.argv.slice(2);
const name = args.at(-1);
const nameOf = (s) => s.dataset + '@' + s.snapshot;
const source = sources.find((s) => nameOf(s) === name);
const holds = () => fs.readFileSync(folder + '/holds', 'utf8').split('\\n').filter(Boolean).map((l) => l.split('\\t'));
const bookmarks = () => fs.readFileSync(folder + '/bookmarks', 'utf8').split('\\n').filter(Boolean).map((l) => l.split('\\t'));
const fail = (text) => { process.stderr.write(text + '\\n'); process.exit(1); };
const streamFile = () => {
  const at = args.indexOf('-i');
  if (at < 0) return source.file;
  const base = args[at + 1];
  const guid = sources.find((s) => nameOf(s) === base)?.guid ?? bookmarks().find(([b]) => b === base)?.[1];
  if (guid === undefined) fail("cannot send: incremental source '" + base + "' does not exist");
  const file = source.file + '-from-' + guid;
  if (!fs.existsSync(file)) fail('fake zfs: no stream from that snapshot was prepared');
  return file;
};
const need = () => source ?? fail("cannot open '" + name + "': dataset does not exist");
if (verb === '--version') console.log('zfs-2.3.9-1\\nzfs-kmod-2.3.9-1');
else if (verb === 'get') { need(); console.log(['guid\\t' + source.guid, 'type\\tsnapshot', 'creation\\t' + (1790000000 + source.txg), 'createtxg\\t' + source.txg, 'encryption\\t' + source.encryption].join('\\n')); }
else if (verb === 'list' && args.includes('snapshot,bookmark')) {
  if (!sources.some((s) => s.dataset === name)) fail("cannot open '" + name + "': dataset does not exist");
  for (const s of sources) if (s.dataset === name) console.log([s.guid, s.txg, nameOf(s)].join('\\t'));
  for (const [bookmark, guid, txg] of bookmarks()) if (bookmark.startsWith(name + '#')) console.log([guid, txg, bookmark].join('\\t'));
}
else if (verb === 'bookmark') {
  const of = sources.find((s) => nameOf(s) === args[0]) ?? fail("cannot open '" + args[0] + "': dataset does not exist");
  if (bookmarks().some(([b]) => b === args[1])) fail('cannot create bookmark: bookmark exists');
  fs.appendFileSync(folder + '/bookmarks', [args[1], of.guid, of.txg].join('\\t') + '\\n');
}
else if (verb === 'list') {
  const all = new Map(sources.filter((s) => s.dataset === name).map((s) => [nameOf(s), 0]));
  for (const [snapshot] of holds()) if (snapshot.startsWith(name + '@')) all.set(snapshot, (all.get(snapshot) ?? 0) + 1);
  for (const [snapshot, count] of all) console.log(count + '\\t' + snapshot);
}
else if (verb === 'holds') { for (const [snapshot, tag] of holds()) if (args.includes(snapshot)) console.log(snapshot + '\\t' + tag + '\\tMon Nov 23 20:00 2026'); }
else if (verb === 'hold') { need(); fs.appendFileSync(folder + '/holds', name + '\\t' + args[0] + '\\n'); }
else if (verb === 'release') {
  const kept = holds().filter(([snapshot, tag]) => snapshot !== name || tag !== args[0]);
  if (kept.length === holds().length) fail('cannot release hold: no such tag on this dataset');
  fs.writeFileSync(folder + '/holds', kept.map((l) => l.join('\\t') + '\\n').join(''));
}
else if (verb === 'send' && args.includes('-n')) { need(); const size = source.estimate ?? fs.statSync(streamFile()).size; console.log('full\\t' + name + '\\t' + size + '\\nsize\\t' + size); }
else if (verb === 'send') {
  need();
  fs.appendFileSync(folder + '/sends', JSON.stringify(args) + '\\n');
  const whole = fs.readFileSync(streamFile());
  const bytes = source.behaviour === 'right' ? whole : source.behaviour === 'silent' ? Buffer.alloc(0) : whole.subarray(0, source.after);
  process.stdout.write(bytes, () => {
    if (source.behaviour === 'die') fail("warning: cannot send '" + name + "': I/O error");
    if (source.behaviour === 'stall') setTimeout(() => {}, 1e6);
    else process.exit(0);
  });
}
else fail('fake zfs: what is ' + verb + '?');
`;
}
