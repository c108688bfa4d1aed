import type { Command } from './command.ts';

export interface ZfsVersions {
  userland: string;
  kernel: string;
}

/** Given `zfs version`, return both halves; an absent half is ''. */
export async function zfsVersions(zfs: Command): Promise<ZfsVersions> {
  const output = await zfs(['version']);
  const kernel = output.match(/^zfs-kmod-(\S+)/m)?.[1] ?? '';
  const userland = output.match(/^zfs-(?!kmod-)(\S+)/m)?.[1] ?? '';
  return { userland, kernel };
}

/** Given two versions such as 2.3.2-1, say whether they are of the same series; only those are used together by many. */
export function sameSeries(a: string, b: string): boolean {
  const series = (version: string) => version.split('.').slice(0, 2).join('.');
  return a !== '' && series(a) === series(b);
}

export async function drillPools(zpool: Command): Promise<string[]> {
  const names = (await zpool(['list', '-H', '-o', 'name'])).split('\n');
  return names.filter((name) => name.startsWith('haven-drill-'));
}
