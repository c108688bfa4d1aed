// A plan as the files that it would delete, in order, and the digest that makes "exactly that plan" mean something.
import { createHash } from 'node:crypto';
import type { PrunePlan } from './plan.ts';

/** A backup that goes: its manifest first, then it is no backup any more; its parts after it. */
export interface Doomed {
  /** Null: parts without a manifest. */
  chain: string | null;
  backup: string;
  manifests: string[];
  parts: { id: string; bytes: number }[];
}

export function doomedBy(plan: PrunePlan): Doomed[] {
  const chains = plan.delete
    .toSorted((a, b) => a.chain.id.localeCompare(b.chain.id))
    .flatMap(({ chain }) =>
      chain.backups.map(({ files, manifest }) => ({
        ...{ chain: chain.id, backup: manifest.backup, manifests: files },
        parts: manifest.parts.map((part) => ({ id: part.file, bytes: part.stored.bytes })),
      })),
    );
  const orphans = plan.orphans
    .filter(({ goes }) => goes)
    .map(({ leftover: { backup, files } }) => ({ chain: null, backup, manifests: [], parts: files }))
    .sort((a, b) => a.backup.localeCompare(b.backup));
  return [...chains, ...orphans];
}

/** Given all that would go, return a digest that any other choice of files would not have. */
export function digestOf(doomed: Doomed[]): string {
  const hash = createHash('sha256').update('haven prune 1\n');
  for (const { chain, backup, manifests, parts } of doomed) {
    const ids = parts.map(({ id }) => id).sort();
    hash.update(`${JSON.stringify([chain, backup, manifests.toSorted(), ids])}\n`);
  }
  return hash.digest('hex');
}
