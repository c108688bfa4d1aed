// Where an export may go, and whether it counts there: what is lost together with the server is no export.
import { existsSync, readdirSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import type { App } from '../app.ts';
import { HavenError } from '../errors.ts';

/** linux/magic.h: filesystems that are gone with the power. */
const inMemory = new Set([0x01021994, 0x858458f6]);

export interface Place {
  /** As the owner named it. */
  named: string;
  /** The same for this process, which may see the host's files below a folder of its own. */
  path: string;
  /** Why an export there does not count; null when it does. */
  notCounted: string | null;
}

/** Given a path as the owner names it and where this process sees the host's files, return the place; throws bad-request when its folder does not exist. */
export function placeOf(
  app: App,
  named: string,
  hostFiles = '',
  magicOf = (folder: string): number => statfsSync(folder).type,
): Place {
  const path = `${hostFiles}${named}`;
  if (!existsSync(dirname(path))) {
    const message = `there is no folder ${dirname(named)}`;
    throw refusal(named, message, 'make it, or mount the disk that is to hold the kit, first');
  }
  const parent = realpathSync(dirname(path));
  const real = existsSync(path) ? realpathSync(path) : join(parent, basename(path));
  const home = realpathSync(app.home.root);
  const inHome = (folder: string): boolean => `${real}${sep}`.startsWith(`${folder}${sep}`);
  if (inHome(home) || inHome(`${hostFiles}${app.home.root}`))
    return { named, path, notCounted: `${named} is inside of ${app.home.root}, and is lost with it` };
  if (inMemory.has(magicOf(existsSync(path) ? path : parent)))
    return {
      named,
      path,
      notCounted: `${named} is in this machine’s memory, and is gone when it is switched off`,
    };
  return { named, path, notCounted: null };
}

/** Throws bad-request when something is there that would be overwritten, and `force` was not said. */
export function demandFree(
  { named, path }: Place,
  { force, as }: { force: boolean; as: 'folder' | 'file' },
): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (there.isDirectory() !== (as === 'folder'))
    throw refusal(named, `${named} is ${as === 'folder' ? 'no' : 'a'} folder`, `name a ${as} for it`);
  if (force || (there.isDirectory() && readdirSync(path).length === 0)) return;
  const what = there.isDirectory() ? 'is not empty' : 'exists already';
  throw refusal(named, `${named} ${what}`, 'name a new one, or say --force to replace an older kit there');
}

function refusal(subject: string, message: string, hint: string): HavenError {
  return new HavenError({ code: 'bad-request', operation: 'export the kit', subject, message, hint });
}
