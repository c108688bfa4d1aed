/**
 * The line that all uploads share, as slow and as faulty as the settings say. Not random: what breaks is counted, from the last change of the settings on.
 * The body is read only as fast as the line lets it, so that TCP pushes back on the client as a real line does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../settings.ts';

export interface UploadLine {
  /** Call once for each chunk: is it one that fails? */
  chunkFails(): boolean;
  /** How many bytes may still pass before the connection breaks. */
  bytesUntilReset(): number;
  /** Call for bytes that came; waits as long as the line takes for them. */
  travel(bytes: number, gone: AbortSignal): Promise<void>;
  /** Count anew. */
  restart(): void;
}

/** Real time, not the emulator's clock: bytes take as long as they take. */
export function createUploadLine(settings: () => Settings): UploadLine {
  let chunks = 0;
  let sinceReset = 0;
  let freeAt = 0;

  return {
    chunkFails() {
      const { failEveryNthChunk } = settings();
      chunks += 1;
      return failEveryNthChunk > 0 && chunks % failEveryNthChunk === 0;
    },
    bytesUntilReset() {
      const { resetEveryBytes } = settings();
      return resetEveryBytes > 0 ? Math.max(0, resetEveryBytes - sinceReset) : Number.POSITIVE_INFINITY;
    },
    async travel(bytes, gone) {
      const { uploadBytesPerSecond, resetEveryBytes } = settings();
      sinceReset += bytes;
      if (resetEveryBytes > 0 && sinceReset >= resetEveryBytes) {
        sinceReset = 0;
      }
      if (uploadBytesPerSecond > 0) {
        freeAt = Math.max(freeAt, performance.now()) + (bytes / uploadBytesPerSecond) * 1000;
        await sleep(freeAt - performance.now(), undefined, { signal: gone });
      }
    },
    restart() {
      chunks = 0;
      sinceReset = 0;
      freeAt = 0;
    },
  };
}
