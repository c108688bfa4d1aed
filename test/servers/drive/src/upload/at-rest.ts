/** The fault bit-flip-at-rest: a byte goes bad after it was persisted and acknowledged; all checksums made later are honest. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { Exchange } from '../exchange.ts';
import { digestFile } from '../state/digests.ts';
import type { UploadSession } from '../state/records.ts';

export function flipBit(path: string, offset: number): void {
  const file = openSync(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, offset);
    byte[0]! ^= 1;
    writeSync(file, byte, 0, 1, offset);
  } finally {
    closeSync(file);
  }
}

export async function flipAtRest({ emulator, faults }: Exchange, { id, blob }: UploadSession): Promise<void> {
  const { store } = emulator;
  const flip = faults.take('bit-flip-at-rest', ({ offset }) => Number(offset) < store.blobSize(blob));
  if (!flip) {
    return;
  }
  flipBit(store.blobPath(blob), Number(flip.offset));
  emulator.uploads.forgetDigests(blob);
  const file = store.files.get(store.sessions.get(id)?.fileId ?? '');
  if (file?.content) {
    const checksums = (await digestFile(store.blobPath(blob))).soFar();
    store.saveFile({ ...file, content: { ...file.content, ...checksums } });
  }
}
