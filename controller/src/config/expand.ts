// Entries of the configuration to the datasets that they stand for today. Pure.
// Each dataset is taken once: one with an entry of its own, or below a nearer recursive entry, belongs to that one.
import { createHash } from 'node:crypto';
import type { Branch } from '../zfs/tree.ts';
import type { Dataset, Entry } from './schema.ts';

export interface Found extends Dataset {
  /** The entry that it belongs to. */
  root: string;
  locked: boolean;
  volume: boolean;
}

export interface Expansion {
  found: Found[];
  /** Below an entry, and left out because the owner said so. */
  excluded: string[];
  /** Patterns that match nothing: misspelt, or out of date. */
  idle: { id: string; pattern: string }[];
}

export function expand(entries: Entry[], treeOf: (id: string) => Branch[] | undefined): Expansion {
  const expansion: Expansion = { found: [], excluded: [], idle: [] };
  for (const entry of entries) {
    const tree = treeOf(entry.id);
    if (tree === undefined) {
      // It cannot be looked at; whoever needs it says why.
      expansion.found.push({
        id: entry.id,
        dataset: entry.dataset,
        root: entry.id,
        locked: false,
        volume: false,
      });
      continue;
    }
    const patterns = entry.exclude.map((pattern) => ({ pattern, test: matcher(pattern), used: false }));
    for (const branch of tree) {
      const hits = patterns.filter(({ test }) => test(branch.name));
      for (const hit of hits) hit.used = true;
      if (hits.length > 0) expansion.excluded.push(branch.name);
      else if (nearest(entries, branch.name) === entry)
        expansion.found.push({
          id: branch.name === entry.dataset ? entry.id : childId(entry.id, branch.guid),
          dataset: branch.name,
          root: entry.id,
          locked: branch.locked,
          volume: branch.volume,
        });
    }
    for (const { pattern, used } of patterns) if (!used) expansion.idle.push({ id: entry.id, pattern });
  }
  return expansion;
}

/** Given a child's GUID, return its public id: the same after a rename, and without a word of its name. */
export function childId(root: string, guid: string): string {
  return `${root}-${createHash('sha256').update(`haven dataset ${guid}`).digest('hex').slice(0, 8)}`;
}

function nearest(entries: Entry[], name: string): Entry | undefined {
  return entries
    .filter(({ dataset, recursive }) => name === dataset || (recursive && name.startsWith(`${dataset}/`)))
    .toSorted((a, b) => b.dataset.length - a.dataset.length)[0];
}

/** Given a pattern, return whether a name, or anything above it, matches; with `/.` at its end, the name alone. */
function matcher(pattern: string): (name: string) => boolean {
  const alone = pattern.endsWith('/.');
  const parts = (alone ? pattern.slice(0, -2) : pattern).replace(/\/$/, '').split('/');
  const source = parts.map((part) => part.split('*').map(escaped).join('[^/]*')).join('/');
  const expression = new RegExp(`^${source}${alone ? '' : '(?:/.*)?'}$`);
  return (name) => expression.test(name);
}

function escaped(text: string): string {
  return text.replace(/[^A-Za-z0-9_]/g, '\\$&');
}
