// The reading end of fetch's pipes, where nobody receives: what comes is counted, hashed and forgotten. It is what a drill of level `stream` has in the place of a pool.
import { createHash } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Passed {
  bytes: number;
  sha256: string;
}

/** Given the folder where fetch makes `count` FIFOs, one after the other, and a promise of its end, return what came through each. */
export async function drainStreams(
  folder: string,
  count: number,
  ended: Promise<unknown>,
): Promise<Passed[]> {
  let over = false;
  const note = () => {
    over = true;
  };
  void ended.then(note, note);
  const passed: Passed[] = [];
  for (let n = 0; n < count; n += 1) {
    const path = join(folder, `stream-${String(n).padStart(3, '0')}`);
    while (!existsSync(path) && !over) await sleep(20);
    passed.push(existsSync(path) ? await drain(path, () => over) : { bytes: 0, sha256: hashOfNothing });
  }
  return passed;
}

const hashOfNothing = createHash('sha256').digest('hex');

/** Without waiting in the kernel: a fetch that dies before it opens its end would leave us there for ever. */
async function drain(path: string, isOver: () => boolean): Promise<Passed> {
  const pipe = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.alloc(1 << 20);
    let bytes = 0;
    for (;;) {
      // Asked first: what was written before the end is still in the pipe.
      const over = isOver();
      const got = await readSome(pipe, buffer);
      if (got > 0) {
        hash.update(buffer.subarray(0, got));
        bytes += got;
      } else if (got === 0 && (bytes > 0 || over)) {
        return { bytes, sha256: hash.digest('hex') };
      } else {
        await sleep(bytes > 0 ? 1 : 20);
      }
    }
  } finally {
    await pipe.close();
  }
}

/** Returns how many bytes; 0 when nobody has the other end; -1 when somebody has it and nothing came yet. */
async function readSome(pipe: FileHandle, buffer: Buffer): Promise<number> {
  try {
    return (await pipe.read(buffer, 0, buffer.length, null)).bytesRead;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return -1;
    throw error;
  }
}
