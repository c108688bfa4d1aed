// What must be the same of a tree: one line an entry, whatever made it.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Given a folder, return for each entry its type and mode, owner, size, time of modification in nanoseconds, links, and what it holds. */
export function treeOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  return ['.', ...names].map((name) => {
    const path = join(folder, name);
    const stat = lstatSync(path, { bigint: true });
    const attributes = [stat.mode.toString(8), `${stat.uid}:${stat.gid}`, stat.mtimeNs];
    return [...attributes, stat.isDirectory() ? '-' : `${stat.nlink} ${stat.size}`, holds(path), name].join(
      ' ',
    );
  });
}

function holds(path: string): string {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  return stat.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '-';
}
