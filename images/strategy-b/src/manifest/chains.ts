// Chains: a full backup and the incrementals on it. A backup can be restored only when every link down to its full is there.
import type { Manifest } from './manifest.ts';

/** Given a backup and all backups by id, return why it cannot be restored from its full on, or null when it can. */
export function brokenLink(manifest: Manifest, byId: ReadonlyMap<string, Manifest>): string | null {
  const seen = new Set<string>();
  let link = manifest;
  while (link.base !== null) {
    if (seen.has(link.backup)) return 'it builds upon itself';
    seen.add(link.backup);
    const base = byId.get(link.base);
    if (base === undefined) return `backup ${link.base}, which it builds upon, is not in the store`;
    if (base.chain !== manifest.chain)
      return `backup ${link.base}, which it builds upon, is of another chain`;
    if (base.source.guid !== link.baseGuid)
      return `backup ${link.base}, which it builds upon, is of another snapshot`;
    link = base;
  }
  return link.backup === manifest.chain ? null : `its chain does not begin with backup ${manifest.chain}`;
}

/** Given the backups of a chain, return them so that each comes before the one it builds upon. */
export function lastFirst<T extends { manifest: Manifest }>(backups: T[]): T[] {
  const byId = new Map(backups.map((each) => [each.manifest.backup, each.manifest]));
  const depth = ({ manifest }: T): number => {
    let count = 0;
    for (let link = byId.get(manifest.base ?? ''); link !== undefined && count <= backups.length; count += 1)
      link = byId.get(link.base ?? '');
    return count;
  };
  return backups
    .map((each) => ({ each, depth: depth(each) }))
    .sort((a, b) => b.depth - a.depth || b.each.manifest.createdAt.localeCompare(a.each.manifest.createdAt))
    .map(({ each }) => each);
}
