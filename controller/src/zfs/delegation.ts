// `zfs allow`: strategy B runs as uid 1000 without any privilege; what it may do with a dataset is delegated to that uid.
import type { Command } from './command.ts';

export const delegated = ['send', 'hold', 'release', 'bookmark'] as const;

/** Given the output of `zfs allow DATASET`, return what user `uid` (or everyone) may do with that very dataset. */
export function parseAllow(output: string, dataset: string, uid: number, userName?: string): Set<string> {
  const granted = new Set<string>();
  const who = new Set([`user ${uid}`, `user (unknown: ${uid})`, 'everyone']);
  if (userName !== undefined) who.add(`user ${userName}`);
  let own = false;
  let applies = false;
  for (const line of output.split('\n')) {
    const header = line.match(/^-{2,} Permissions on (.*?) -+$/);
    if (header !== null) {
      own = header[1] === dataset;
      applies = false;
    } else if (/^\S.*permissions.*:$/i.test(line)) {
      const toSelf = /^local/i.test(line);
      const toChildren = /descendent/i.test(line);
      applies = own ? toSelf : toChildren;
    } else if (applies) {
      const entry = line.match(/^\s+(everyone|user (?:\(unknown: \d+\)|\S+)) (\S+)$/);
      if (entry !== null && who.has(entry[1]!)) for (const name of entry[2]!.split(',')) granted.add(name);
    }
  }
  return granted;
}

/** Given a dataset, return which of the delegated permissions user `uid` lacks. */
export async function missingDelegation(
  zfs: Command,
  dataset: string,
  uid: number,
  userName?: string,
): Promise<string[]> {
  const granted = parseAllow(await zfs(['allow', dataset]), dataset, uid, userName);
  return delegated.filter((permission) => !granted.has(permission));
}

export async function delegate(zfs: Command, dataset: string, uid: number): Promise<void> {
  await zfs(['allow', '-u', String(uid), delegated.join(','), dataset]);
}
