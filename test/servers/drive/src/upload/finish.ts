/** Turns a complete blob into a file, or into the new content of one: the single rename of a record makes it visible. */
import type { Emulator } from '../exchange.ts';
import { changedFile, movedFile, newFile } from '../files/metadata.ts';
import { checkQuota } from '../files/quota.ts';
import { visibleFile } from '../files/resource.ts';
import type { Grant } from '../oauth/accounts.ts';
import type { Content, StoredFile } from '../state/records.ts';

export interface Finished {
  blob: string;
  metadata: Record<string, unknown>;
  query: URLSearchParams;
  contentType?: string;
  /** The file whose content this replaces. */
  updates?: string;
}

export async function finishUpload(emulator: Emulator, grant: Grant, upload: Finished): Promise<StoredFile> {
  const { blob } = upload;
  checkQuota(emulator, emulator.store.blobSize(blob));
  const digests = await emulator.uploads.digestsOf(blob);
  const now = emulator.clock.now();
  const content: Content = {
    blob,
    revision: emulator.newId(),
    size: digests.bytes,
    ...digests.soFar(),
    uploadedAt: now,
  };
  const { file, replaced } = fileFor(emulator, grant, upload);
  emulator.store.saveFile({ ...file, content });
  emulator.uploads.forgetDigests(blob);
  if (replaced !== undefined) {
    emulator.store.removeBlob(replaced);
  }
  return { ...file, content };
}

function fileFor(
  emulator: Emulator,
  grant: Grant,
  upload: Finished,
): { file: StoredFile; replaced?: string } {
  const { metadata, contentType } = upload;
  if (upload.updates === undefined) {
    return { file: newFile(metadata, emulator, grant, contentType) };
  }
  const current = visibleFile(upload.updates, emulator, grant);
  const changed = movedFile(changedFile(current, metadata, emulator, grant), upload.query, emulator, grant);
  const typed = contentType !== undefined && metadata.mimeType === undefined;
  return {
    file: typed ? { ...changed, mimeType: contentType } : changed,
    ...(current.content && { replaced: current.content.blob }),
  };
}
