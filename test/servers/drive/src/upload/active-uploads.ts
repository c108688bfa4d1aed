/**
 * What is known about uploads only while the process lives: the running checksums (made again from disk after a restart), and
 * which request is writing. A newer request on a session takes over from one whose connection hangs: otherwise a client
 * that lost its connection would find its session blocked by its own ghost.
 */

import { type Digests, digestFile } from '../state/digests.ts';
import type { Store } from '../state/store.ts';

export interface ActiveUploads {
  /** Run `work` alone on this session; cuts off whoever was at it. */
  exclusively<T>(sessionId: string, cut: () => void, work: () => Promise<T>): Promise<T>;
  /** The checksums of what is persisted of this blob. */
  digestsOf(blob: string): Promise<Digests>;
  /** Call after the blob lost bytes or had some changed. */
  forgetDigests(blob: string): void;
}

export function createActiveUploads(store: Store): ActiveUploads {
  const digests = new Map<string, Digests>();
  const busy = new Map<string, { cut: () => void; done: Promise<unknown> }>();

  return {
    async exclusively(sessionId, cut, work) {
      for (let other = busy.get(sessionId); other; other = busy.get(sessionId)) {
        other.cut();
        await other.done;
      }
      const running = work();
      const done = running.catch(() => undefined);
      const entry = { cut, done };
      busy.set(sessionId, entry);
      try {
        return await running;
      } finally {
        if (busy.get(sessionId) === entry) {
          busy.delete(sessionId);
        }
      }
    },
    async digestsOf(blob) {
      const known = digests.get(blob);
      const size = store.blobSize(blob);
      if (known?.bytes === size) {
        return known;
      }
      const fresh = await digestFile(store.blobPath(blob));
      digests.set(blob, fresh);
      return fresh;
    },
    forgetDigests(blob) {
      digests.delete(blob);
    },
  };
}
