// Ciphertext of parts on their way, on disk, so that a part can be sent again byte for byte. The caller keeps at most two files at a time.
// A sealed file survives a power cut: it and its folder are synced. A full disk is `local-full`.
import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, localFull } from '../contract/errors.ts';

export interface SpoolFile {
  readonly path: string;
  write(chunk: Buffer): Promise<void>;
  /** Syncs and closes; after this it is read only. */
  seal(): Promise<void>;
  bytes(): number;
  openForReading(): { fd: number; close(): void };
  chunks(): AsyncIterable<Buffer>;
  remove(): Promise<void>;
}

export interface Spool {
  create(name: string): Promise<SpoolFile>;
  /** A file that an earlier run sealed; undefined when it is not there. */
  find(name: string): SpoolFile | undefined;
  /** Removes all files but these: what a killed run left half-made. */
  keepOnly(names: ReadonlySet<string>): void;
}

/** Given a folder of the state volume, return the spool in it. `openFile` is a parameter for tests of a full disk. */
export function createSpool(folder: string, openFile: typeof open = open): Spool {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    create: async (name) => {
      const path = join(folder, name);
      try {
        return spoolFile(folder, path, await openFile(path, 'wx', 0o600));
      } catch (error) {
        throw translate(error);
      }
    },
    find: (name) => {
      const path = join(folder, name);
      return existsSync(path) ? spoolFile(folder, path, undefined) : undefined;
    },
    keepOnly: (names) => {
      for (const name of readdirSync(folder))
        if (!names.has(name)) rmSync(join(folder, name), { recursive: true });
    },
  };
}

/** Without a handle the file is sealed already. */
function spoolFile(folder: string, path: string, handle: FileHandle | undefined): SpoolFile {
  let open = handle !== undefined;

  async function close(): Promise<void> {
    if (!open) return;
    open = false;
    await handle?.close();
  }

  return {
    path,
    write: async (chunk) => {
      if (handle === undefined) throw new Error('a sealed file is not written to');
      try {
        let done = 0;
        while (done < chunk.length) done += (await handle.write(chunk, done)).bytesWritten;
      } catch (error) {
        throw translate(error);
      }
    },
    seal: async () => {
      try {
        await handle?.sync();
        await close();
        syncFolder(folder);
      } catch (error) {
        throw translate(error);
      }
    },
    bytes: () => statSync(path).size,
    openForReading: () => {
      const fd = openSync(path, 'r');
      return { fd, close: () => closeSync(fd) };
    },
    chunks: () => createReadStream(path, { highWaterMark: 1024 * 1024 }),
    remove: async () => {
      await close();
      rmSync(path, { force: true });
    },
  };
}

export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    if (fstatSync(fd).isDirectory()) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function translate(error: unknown): unknown {
  const code = errnoOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT' ? localFull('spool part', error) : error;
}
