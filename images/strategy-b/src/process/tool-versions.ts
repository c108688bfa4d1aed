// Which tools, in which versions: for `version` and for the manifest's `writer`.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { toolEnv } from './command.ts';

const missing = 'missing';

export function imageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Given PATH, return the tools' versions; one that is missing says so. Without a kernel module zfs still tells its own version. */
export async function toolVersions(toolPath: string): Promise<Record<string, string>> {
  const [zfs, gpg, xz, zstd] = await Promise.all([
    output(toolPath, 'zfs', '--version'),
    output(toolPath, 'gpg', '--version'),
    output(toolPath, 'xz', '--version'),
    output(toolPath, 'zstd', '--version'),
  ]);
  const module = /^zfs-kmod-(\S+)/m.exec(zfs)?.[1];
  return {
    zfs: /^zfs-(?!kmod)(\S+)/m.exec(zfs)?.[1] ?? missing,
    ...(module === undefined ? {} : { zfsModule: module }),
    gpg: /^gpg .* (\S+)$/m.exec(gpg)?.[1] ?? missing,
    xz: /^xz .* (\S+)$/m.exec(xz)?.[1] ?? missing,
    zstd: / v([0-9.]+)/.exec(zstd)?.[1] ?? missing,
    node: process.versions.node,
  };
}

/** Whatever the exit code: `zfs --version` fails where there is no kernel module, after it told its own version. */
function output(toolPath: string, file: string, argument: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(file, [argument], { env: toolEnv(toolPath), timeout: 8000 }, (_error, stdout) =>
      resolve(stdout),
    );
  });
}
