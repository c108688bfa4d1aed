/** GET /_emulator/files: everything that is stored, with the checksum of the bytes as they lie on disk now. */
import type { Emulator } from '../exchange.ts';
import { isTrashed } from '../files/resource.ts';
import { digestFile } from '../state/digests.ts';

export async function storedFiles(emulator: Emulator): Promise<unknown[]> {
  const { store } = emulator;
  const found = [];
  for (const file of [...store.files.values()].filter(({ id }) => id !== store.rootId)) {
    const { content } = file;
    const path = content && store.blobPath(content.blob);
    const digests = path ? await digestFile(path) : undefined;
    found.push({
      ...file,
      trashed: isTrashed(file, emulator),
      ...(digests && { blobPath: path, blobSize: digests.bytes, blobSha256: digests.soFar().sha256 }),
    });
  }
  return found;
}
