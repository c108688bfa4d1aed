import { dirname } from 'node:path';
import { sync, writeDurably, writingFailed } from './export-folder.ts';
import { sealKit } from './sealed-kit.ts';

/** Given the kit's folder, a file and a passphrase, write the kit into the file, encrypted; it is on the disk, and reads back, when this returns. */
export async function exportSealed(kit: string, to: string, passphrase: string): Promise<void> {
  const sealed = await sealKit(kit, passphrase);
  try {
    await writeDurably(to, sealed);
    await sync(dirname(to));
  } catch (cause) {
    throw writingFailed(to, cause);
  }
}
