/**
 * `--load DIR`: from the start the store holds exactly the objects of a folder, as the verb `copy` of Haven's strategies leaves it (objects.json and a file for each),
 * under the ids that they had. Whatever was there goes. Checksums are of the bytes as they come: what was damaged on the way is a whole file to
 * Google; or of another file, `listedAs`: then the object has rotted in silence.
 */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Emulator } from './exchange.ts';
import { newFile } from './files/metadata.ts';
import { DRIVE_FILE_SCOPE } from './oauth/accounts.ts';
import { digestFile } from './state/digests.ts';

interface Loaded {
  file: string;
  name: string;
  id?: string;
  properties?: Record<string, string>;
  createdAt?: string;
  /** The file whose checksums are listed, where they are not those of what is stored: silent rot. */
  listedAs?: string;
}

/** Given the folder and the client whose files they are to be, return how many there are. */
export async function loadObjects(emulator: Emulator, folder: string, clientId: string): Promise<number> {
  const { store } = emulator;
  const { objects } = JSON.parse(readFileSync(join(folder, 'objects.json'), 'utf8')) as { objects: Loaded[] };
  for (const id of [...store.files.keys()].filter((one) => one !== store.rootId)) store.removeFile(id);
  for (const { file, name, id, properties = {}, createdAt, listedAs } of objects) {
    const metadata = {
      name,
      appProperties: properties,
      ...(createdAt !== undefined && { createdTime: createdAt }),
    };
    const made = newFile(metadata, emulator, { clientId, scope: DRIVE_FILE_SCOPE });
    const blob = emulator.newId();
    copyFileSync(join(folder, file), store.blobPath(blob));
    const digests = await digestFile(listedAs === undefined ? store.blobPath(blob) : join(folder, listedAs));
    const content = {
      blob,
      revision: emulator.newId(),
      size: digests.bytes,
      ...digests.soFar(),
      uploadedAt: made.createdTime,
    };
    store.saveFile({ ...made, ...(id !== undefined && { id }), content });
  }
  return objects.length;
}
