// The kit as a folder elsewhere: on a USB stick, which may be pulled out as soon as we say that it is done. So every file is on the disk and was read back by then.
import { constants } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HavenError } from '../errors.ts';

export interface Exported {
  files: string[];
  /** What lies there too and is not of this kit. */
  others: string[];
  warnings: string[];
}

/** Given the kit's folder and another one, which may exist, copy every file of the kit durably: 0700 and 0600, whatever the kit's own halves have. */
export async function exportFolder(kit: string, to: string): Promise<Exported> {
  const files = (await readdir(kit, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(kit.length + 1))
    .toSorted();
  try {
    const folders = new Set(['.', ...files.map((name) => dirname(name))]);
    for (const folder of folders) await makeFolder(join(to, folder));
    for (const name of files) await copyDurably(join(kit, name), join(to, name));
    for (const folder of folders) await sync(join(to, folder));
    await sync(dirname(to));
  } catch (cause) {
    throw writingFailed(to, cause);
  }
  const there = (await readdir(to, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(to.length + 1));
  return {
    files,
    others: there.filter((name) => !files.includes(name)).toSorted(),
    warnings: await tooOpen(to),
  };
}

export function writingFailed(to: string, cause: unknown): unknown {
  if (cause instanceof HavenError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const hint = full ? 'free space there, then export again' : 'can it be written to? export to another place';
  return new HavenError(
    {
      code: full ? 'local-full' : 'failed',
      operation: 'export the kit',
      subject: to,
      message: `${to} could not be written (${code})`,
      hint,
    },
    { cause },
  );
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // FAT and its kin have no modes; what came of it is looked at in the end.
  await chmod(folder, 0o700).catch(() => {});
}

async function copyDurably(from: string, to: string): Promise<void> {
  await writeDurably(to, await readFile(from));
}

/** Beside it and then in its place, so that an older file is whole until the new one is; and read back. */
export async function writeDurably(to: string, bytes: Buffer): Promise<void> {
  const next = `${to}.next`;
  await rm(next, { force: true });
  const file = await open(next, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(next, to);
  if (!(await readFile(to)).equals(bytes))
    throw new HavenError({
      code: 'failed',
      operation: 'export the kit',
      subject: to,
      message: `${to} reads back different from what was written`,
      hint: 'that disk is not to be trusted: export to another one',
    });
}

export async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function tooOpen(folder: string): Promise<string[]> {
  const { mode } = await stat(folder);
  if ((mode & 0o077) === 0) return [];
  return [
    'this disk keeps no owners or modes: whoever holds it reads the kit. Lock it away, or use --encrypted',
  ];
}
