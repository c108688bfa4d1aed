// The chain of a backup, out of the store's list: its full, and every incremental up to it, in the order in which they are restored.
import type { Backup } from '../contract/events.ts';
import type { Step } from './evidence.ts';

/** What the drill image takes in one go: more would not fit into a result line of 64 KiB. */
export const longestChain = 120;

/** Given all backups and one of them, return its chain, or why there is none that could be restored. */
export function chainOf(backups: Backup[], last: Backup): Step<Backup[]> {
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const chain = [last];
  for (let link = last; link.base !== null; ) {
    const base = byId.get(link.base);
    if (base === undefined)
      return broken(`backup ${link.base}, which ${link.id} builds upon, is not in the store`);
    if (chain.includes(base)) return broken(`backup ${link.id} builds upon itself in a circle`);
    if (chain.length === longestChain) return broken(`it is longer than ${longestChain} backups`);
    chain.unshift(base);
    link = base;
  }
  const reason = whyNoChain(chain);
  return reason === undefined ? { ok: true, value: chain } : broken(reason);
}

/** Given backups in order, return why they are not one chain, or undefined. */
export function whyNoChain(chain: Backup[]): string | undefined {
  for (const [index, link] of chain.entries()) {
    const before = chain[index - 1];
    const wrong = before === undefined ? notFirst(link) : notNext(before, link);
    if (wrong !== undefined) return `backup ${link.id} ${wrong}`;
  }
  return chain.length === 0 ? 'there is no backup in it' : undefined;
}

function notFirst(link: Backup): string | undefined {
  if (link.kind !== 'full' || link.base !== null) return 'is no full, and nothing comes before it';
  return link.chain === link.id ? undefined : 'is a full, but names another chain than its own';
}

function notNext(before: Backup, link: Backup): string | undefined {
  if (link.kind !== 'incremental') return 'is no incremental, but another backup comes before it';
  if (link.base !== before.id) return `does not build upon ${before.id}, which comes before it`;
  const differs = (['chain', 'source', 'type'] as const).filter((field) => link[field] !== before[field]);
  return differs.length === 0 ? undefined : `has another ${differs.join(', ')} than the one before it`;
}

function broken(reason: string): { ok: false; reason: string } {
  return { ok: false, reason: `the chain is broken: ${reason}` };
}
