// A file that is replaced whole and durably, or not at all: whatever is killed when, there is always one whole file.
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface Ownership {
  mode: number;
  uid: number;
}

export function writeWhole(path: string, text: string, { mode, uid }: Ownership): void {
  const folder = dirname(path);
  const next = join(folder, `.${basename(path)}.next`);
  rmSync(next, { force: true });
  const file = openSync(next, 'wx', mode);
  try {
    writeSync(file, text);
    // The umask may have taken some of it.
    fchmodSync(file, mode);
    if (process.getuid?.() === 0) fchownSync(file, uid, uid);
    fsyncSync(file);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
  syncFolder(folder);
}

export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
