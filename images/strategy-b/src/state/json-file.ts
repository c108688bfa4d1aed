// Small records in the state volume, written so that a power cut leaves the old or the new one, never half of it.
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf, localFull } from '../contract/errors.ts';
import { syncFolder } from '../spool/spool.ts';

/** Given a file, return its JSON, or undefined when it is missing or not JSON: state is a cache, a lost record costs time only. */
export function readJsonFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Writes a record that may as well be missing: the verbs that only look are given the state volume read-only (CONTRACT.md, section 1). */
export function cacheJsonFile(path: string, value: unknown): void {
  if (!isReadOnly(dirname(path))) writeJsonFile(path, value);
}

/** Asked beforehand: Node's recursive mkdir on a read-only file system says ENOENT, which may mean anything. */
function isReadOnly(folder: string): boolean {
  const existing = existsSync(folder) ? folder : dirname(folder);
  try {
    accessSync(existing, constants.W_OK);
    return false;
  } catch (error) {
    return errnoOf(error) === 'EROFS';
  }
}

export function writeJsonFile(path: string, value: unknown): void {
  const folder = dirname(path);
  const draft = join(folder, `.${basename(path)}.new`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const fd = openSync(draft, 'w', 0o600);
    try {
      const bytes = Buffer.from(JSON.stringify(value));
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, path);
    syncFolder(folder);
  } catch (error) {
    const code = errnoOf(error);
    throw code === 'ENOSPC' || code === 'EDQUOT' ? localFull('write state', error) : error;
  }
}
