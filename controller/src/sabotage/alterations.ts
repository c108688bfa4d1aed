// Every alteration to a restored tree that the sabotage makes, between restore and comparison, and what `verify` must say of each.

export interface TreeCase {
  name: string;
  /** For people: what was done. */
  what: string;
  /** Folders of what `alter` makes, or `nothing`, which is empty. */
  source: string;
  restored: string;
  /** Red by exactly these kinds of difference, or for this reason, or not at all: null. */
  expected: { kinds: string[] } | { reason: string } | null;
}

/** `alter` knows it by its name. */
function altered(alteration: string, what: string, ...kinds: string[]): TreeCase {
  return { name: `tree-${alteration}`, what, source: 'source', restored: alteration, expected: { kinds } };
}

export const treeCases: readonly TreeCase[] = [
  {
    name: 'tree-whole',
    what: 'nothing: the restored tree as it is',
    source: 'source',
    restored: 'unaltered',
    expected: null,
  },
  altered('content', 'a bit of a restored file flipped, its size and time as before', 'content'),
  altered('mode', 'another mode of a restored file', 'mode'),
  altered('owner', 'another owner of a restored file', 'uid'),
  altered('time', 'a restored file’s time later by a nanosecond', 'mtime'),
  altered('xattr', 'an extended attribute too many on a restored file', 'xattr'),
  altered('name', 'another name of a restored file', 'extra', 'missing'),
  altered('extra', 'a file too many among what was restored', 'extra'),
  altered('missing', 'a restored file gone', 'missing'),
  altered('empty', 'a restored tree with nothing in it', 'missing'),
  {
    name: 'empty-source',
    what: 'a source with nothing in it, and nothing restored',
    source: 'nothing',
    restored: 'empty',
    expected: { reason: 'nothing was compared' },
  },
  {
    name: 'tree-itself',
    what: 'the source in the place of the restored tree',
    source: 'source',
    restored: 'source',
    expected: { reason: 'one and the same tree' },
  },
];

/** What `alter` is asked for. */
export const alterations = treeCases.flatMap(({ restored }) =>
  ['source', 'unaltered'].includes(restored) ? [] : [restored],
);

/** What verify came to. */
export interface SeenTree {
  exit: number;
  kinds: string[];
  entries: number;
  message: string;
}

/** Given what should be seen and what was, return what is wrong; nothing, when all is as expected. */
export function wrongOfTree(
  expected: TreeCase['expected'],
  { exit, kinds, entries, message }: SeenTree,
): string[] {
  if (expected === null) {
    if (exit !== 0) return [`verify is red (exit ${exit}): ${message}`];
    return entries > 1 ? [] : ['verify is green and compared nothing'];
  }
  if (exit === 0) return ['verify is GREEN'];
  if ('reason' in expected) {
    if (exit === 30 && message.includes(expected.reason)) return [];
    return [`verify is red for another reason than “${expected.reason}” (exit ${exit}): ${message}`];
  }
  if (exit === 30 && kinds.toSorted().join() === expected.kinds.toSorted().join()) return [];
  return [`verify is red for another reason than ${expected.kinds.join(', ')} (exit ${exit}): ${message}`];
}
