// Every damage to a store that the sabotage makes, and what each must turn red, where, and for which reason. Pure: what a copy holds in, changes to it out.
import type { StrategyName } from '../contract/request.ts';
import type { CopiedObject } from './copy.ts';
import type { Change } from './damage-copy.ts';

/** What a damage comes to in one copy. */
export interface Planned {
  changes: Change[];
  /** What a reason may name. */
  about: Record<string, string>;
  /** The drill and the audit get another passphrase than the backups were made with. */
  wrongKey?: true;
}

/** Red by this, or not red at all: null. */
export interface Expected {
  /** The kind of an audit's finding. Null: green, since nothing that a listing shows is wrong. */
  audit: string | null;
  /** How fetch of a drill ends, and words of its reason; `{part}` and the like are those of `about`. Null: green. */
  drill: { exit: number; reason: string } | null;
}

export interface Damage {
  name: string;
  /** For people: what was done. */
  what: string;
  /** Given a copy and its chain, from the full on, return what to do, or why it cannot be done to this one. */
  plan: (objects: readonly CopiedObject[], chain: readonly string[]) => Planned | string;
  /** Of a strategy that has no such thing to damage: nothing. */
  expected: Partial<Record<StrategyName, Expected>>;
}

type Plan = Damage['plan'];

/** A part in the middle of the full: neither its first bytes nor its last tell of it. */
function somePart(objects: readonly CopiedObject[], chain: readonly string[]) {
  const parts = dataOf(objects, chain[0]!);
  const part = parts[Math.floor(parts.length / 2)]!;
  return { part, about: aboutPart(part, parts.length) };
}

function dataOf(objects: readonly CopiedObject[], backup: string): CopiedObject[] {
  return objects
    .filter((object) => object.backup === backup && object.role === 'data')
    .toSorted((a, b) => (a.part ?? 0) - (b.part ?? 0));
}

function aboutPart({ backup, part = 0, name, bytes }: CopiedObject, parts: number): Planned['about'] {
  return { backup, name, part: String(part + 1), parts: String(parts), half: String(Math.floor(bytes / 2)) };
}

function only(objects: readonly CopiedObject[], backup: string, role: CopiedObject['role']) {
  return objects.find((object) => object.backup === backup && object.role === role);
}

const flipped = ({ file, bytes }: CopiedObject): Change => ({ do: 'flip', file, at: Math.floor(bytes / 2) });
const cut = ({ file, bytes }: CopiedObject): Change => ({ do: 'cut', file, to: Math.floor(bytes / 2) });
const dropped = ({ file }: CopiedObject): Change => ({ do: 'drop', file });

const toPart =
  (change: (part: CopiedObject) => Change): Plan =>
  (objects, chain) => {
    const { part, about } = somePart(objects, chain);
    return { changes: [change(part)], about };
  };

/** Of the newest backup, or of the full below it. */
const to =
  (role: CopiedObject['role'], which: 'newest' | 'full', change: (object: CopiedObject) => Change): Plan =>
  (objects, chain) => {
    const backup = which === 'newest' ? chain.at(-1)! : chain[0]!;
    const object = only(objects, backup, role);
    if (object === undefined) return 'this strategy keeps no such object';
    return { changes: [change(object)], about: { backup, name: object.name, full: chain[0]! } };
  };

const swapParts: Plan = (objects, chain) => {
  const [one, two] = dataOf(objects, chain[0]!);
  if (one === undefined || two === undefined)
    return 'the full has one object of data only: there is nothing to swap it with';
  const changes: Change[] = [
    { do: 'put', file: one.file, from: two.file },
    { do: 'put', file: two.file, from: one.file },
  ];
  const about = { ...aboutPart(one, dataOf(objects, chain[0]!).length), newest: chain.at(-1)! };
  return { changes, about };
};

/** Drive tells files apart by id, whatever their names; in Swift the second one needs a name of its own, that of the next volume. */
const doublePart: Plan = (objects, chain) => {
  const { part, about } = somePart(objects, chain);
  const next = dataOf(objects, chain[0]!).length + 1;
  const as =
    part.id === undefined
      ? { name: part.name.replace(/vol\d+/, `vol${next}`) }
      : { name: part.name, id: `${part.id}-2` };
  return { changes: [{ do: 'double', file: part.file, as }], about };
};

const olderManifest: Plan = (objects, chain) => {
  const older = chain.at(-2);
  if (older === undefined) return 'the chain has one backup only: there is no older manifest';
  const [newest, before] = [only(objects, chain.at(-1)!, 'manifest')!, only(objects, older, 'manifest')!];
  return { changes: [{ do: 'put', file: newest.file, from: before.file }], about: { backup: chain.at(-1)! } };
};

/** All of one backup, or of all. */
const without =
  (which: 'newest' | 'all'): Plan =>
  (objects, chain) => {
    const gone = objects.filter(({ backup }) => which === 'all' || backup === chain.at(-1));
    return { changes: gone.map(dropped), about: { backup: chain.at(-1)!, full: chain[0]! } };
  };

const damaged = (reason: string) => ({ exit: 30, reason });
/** How strategy A's program tells of an object that is not as its manifest has it. */
const notAsListed = (how: string) => damaged(`are missing or altered: {name} (of backup {backup}) ${how}`);

const besideData = { index: 'manifest of duplicity’s', signatures: 'signatures' } as const;

export const damages: readonly Damage[] = [
  {
    name: 'flip-data',
    what: 'a bit flipped in the middle of an object of data',
    plan: toPart(flipped),
    expected: {
      a: { audit: 'altered', drill: notAsListed('has the MD5') },
      b: { audit: 'altered', drill: damaged('part {part} of {parts} is damaged: its stored sha256 is') },
    },
  },
  {
    name: 'cut-data',
    what: 'an object of data cut off in its middle',
    plan: toPart(cut),
    expected: {
      a: { audit: 'altered', drill: notAsListed('has {half} bytes') },
      b: { audit: 'altered', drill: damaged('part {part} of {parts} is damaged: it has {half} bytes') },
    },
  },
  {
    name: 'drop-data',
    what: 'an object of data gone',
    plan: toPart(dropped),
    expected: {
      a: { audit: 'missing', drill: notAsListed('is not in Swift') },
      b: { audit: 'missing', drill: damaged('part {part} of {parts} is missing') },
    },
  },
  {
    name: 'swap-data',
    what: 'two objects of data, each in the other’s place',
    plan: swapParts,
    expected: {
      a: {
        audit: 'altered',
        drill: damaged('2 of the objects that backup {newest} needs are missing or altered'),
      },
      b: { audit: 'altered', drill: damaged('part {part} of {parts} is damaged') },
    },
  },
  {
    name: 'double-data',
    what: 'an object of data a second time',
    plan: doublePart,
    expected: {
      a: { audit: 'extra', drill: null },
      b: { audit: 'extra', drill: null },
    },
  },
  {
    name: 'rot-data',
    what: 'a bit flipped below the store’s own checksums: it lists what it took, and gives something else',
    plan: toPart(({ file, bytes }) => ({ do: 'rot', file, at: Math.floor(bytes / 2) })),
    expected: {
      b: { audit: null, drill: damaged('part {part} of {parts} is damaged: its stored sha256 is') },
    },
  },
  ...(['index', 'signatures'] as const).flatMap((role): Damage[] => [
    {
      name: `flip-${role}`,
      what: `a bit flipped in the full’s ${besideData[role]}`,
      plan: to(role, 'full', flipped),
      expected: { a: { audit: 'altered', drill: notAsListed('has the MD5') } },
    },
    {
      name: `drop-${role}`,
      what: `the full’s ${besideData[role]} gone`,
      plan: to(role, 'full', dropped),
      expected: { a: { audit: 'missing', drill: notAsListed('is not in Swift') } },
    },
  ]),
  {
    name: 'flip-manifest',
    what: 'a bit flipped in the newest backup’s manifest',
    plan: to('manifest', 'newest', flipped),
    expected: {
      a: {
        audit: 'unreadable',
        drill: damaged('backup {backup} was not found, and 1 of the manifests cannot be used'),
      },
      b: { audit: 'unreadable', drill: damaged('the manifest of backup {backup} cannot be decrypted') },
    },
  },
  {
    name: 'cut-manifest',
    what: 'the newest backup’s manifest cut off in its middle',
    plan: to('manifest', 'newest', cut),
    expected: {
      a: {
        audit: 'unreadable',
        drill: damaged('backup {backup} was not found, and 1 of the manifests cannot be used'),
      },
      b: { audit: 'unreadable', drill: damaged('the manifest of backup {backup} cannot be decrypted') },
    },
  },
  {
    name: 'older-manifest',
    what: 'an older backup’s manifest in place of the newest one’s',
    plan: olderManifest,
    expected: {
      a: {
        audit: 'unreadable',
        drill: damaged('backup {backup} was not found, and 1 of the manifests cannot be used'),
      },
      b: {
        audit: 'unreadable',
        drill: damaged('the manifest of backup {backup} is not valid: it is the manifest of another backup'),
      },
    },
  },
  {
    name: 'drop-manifest',
    what: 'the newest backup’s manifest gone',
    plan: to('manifest', 'newest', dropped),
    expected: {
      a: { audit: 'rolled-back', drill: damaged('there is no backup {backup} in the container') },
      b: { audit: 'rolled-back', drill: damaged('there is no backup {backup} in the set') },
    },
  },
  {
    name: 'no-newest',
    what: 'the newest backup gone as a whole: the store as it was before it',
    plan: without('newest'),
    expected: {
      a: { audit: 'rolled-back', drill: damaged('there is no backup {backup} in the container') },
      b: { audit: 'rolled-back', drill: damaged('there is no backup {backup} in the set') },
    },
  },
  {
    name: 'empty-store',
    what: 'nothing left in the store',
    plan: without('all'),
    expected: {
      a: { audit: 'rolled-back', drill: damaged('there is no backup {backup} in the container') },
      b: { audit: 'rolled-back', drill: damaged('there is no backup {full} in the set') },
    },
  },
  {
    name: 'wrong-key',
    what: 'the store as it is, and another passphrase',
    plan: (_objects, chain) => ({
      changes: [],
      about: { full: chain[0]!, backup: chain.at(-1)! },
      wrongKey: true,
    }),
    // An audit knows the manifests from before, by their checksums: it needs no key for those.
    expected: {
      a: { audit: null, drill: damaged('backup {backup} was not found, and') },
      b: { audit: null, drill: damaged('the manifest of backup {full} cannot be decrypted') },
    },
  },
];
