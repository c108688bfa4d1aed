// A copy of an exported kit that can be looked at and mounted: in a folder of Haven's own, with the owners that the drill image's containers need. It holds secrets, so whoever
// makes it removes it.
import { existsSync, statSync } from 'node:fs';
import { chown, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app.ts';
import { HavenError } from '../errors.ts';
import { configuredStrategies } from '../strategies/configured.ts';
import { kitFiles } from '../strategies/strategy.ts';
import { openSealedKit } from './sealed-kit.ts';
import { ownerKeyNote } from './write-kit.ts';

export interface ToOpen {
  /** As the owner names it, and where this process finds it. */
  named: string;
  path: string;
  passphrase: () => Promise<string>;
}

/** Given an export and a folder, copy the kit's files into it; says whether the passphrase opened it. A folder needs none. */
export async function openKit(app: App, { named, path, passphrase }: ToOpen, into: string): Promise<boolean> {
  if (!existsSync(path)) {
    const message = `there is no ${named}`;
    const hint = 'name what `haven kit export` wrote';
    throw new HavenError({ code: 'bad-request', operation: 'check the kit', subject: named, message, hint });
  }
  const unpacked = `${into}.unpacked`;
  for (const folder of [into, unpacked]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  try {
    const sealed = !statSync(path).isDirectory();
    if (sealed && !(await openSealedKit(await readFile(path), await passphrase(), unpacked))) return false;
    await copyKit(app, sealed ? unpacked : path, into);
    return true;
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

/** By name, and by content: whatever else lies there, or is a link to somewhere else, is not taken along. */
async function copyKit(app: App, from: string, into: string): Promise<void> {
  const page = join(from, 'RECOVERY.md');
  if (existsSync(page)) await copyFile(page, join(into, 'RECOVERY.md'));
  for (const strategy of configuredStrategies(app.config)) {
    const { name: half, uid } = strategy;
    if (!existsSync(join(from, half))) continue;
    await mkdir(join(into, half), { mode: 0o700 });
    const owners = strategy.kit.ownerKey === undefined ? [] : [...strategy.kit.ownerKey.files, ownerKeyNote];
    for (const name of [...kitFiles(strategy), ...owners]) {
      const bytes = await readFile(join(from, half, name)).catch(() => null);
      if (bytes === null) continue;
      await writeFile(join(into, half, name), bytes, { mode: 0o400 });
      await chown(join(into, half, name), uid, uid);
    }
    await chown(join(into, half), uid, uid);
  }
}
