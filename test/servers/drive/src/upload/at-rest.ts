/** What happens after bytes were persisted and acknowledged: they go bad (all checksums made later are honest), or the file goes, or it is there twice. */
import { closeSync, copyFileSync, openSync, readSync, truncateSync, writeSync } from 'node:fs';
import type { Exchange } from '../exchange.ts';
import { withTrashed } from '../files/metadata.ts';
import { digestFile } from '../state/digests.ts';
import type { StoredFile, UploadSession } from '../state/records.ts';

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

export async function spoilAtRest(exchange: Exchange, { id, blob }: UploadSession): Promise<void> {
  const { store } = exchange.emulator;
  const file = store.files.get(store.sessions.get(id)?.fileId ?? '');
  await spoilBytes(exchange, blob, file);
  if (file) {
    spoilFile(exchange, file);
  }
}

async function spoilBytes({ emulator, faults }: Exchange, blob: string, file?: StoredFile): Promise<void> {
  const { store } = emulator;
  const size = store.blobSize(blob);
  const path = store.blobPath(blob);
  const flip = faults.take('bit-flip-at-rest', ({ offset }) => Number(offset) < size);
  const truncate = file && faults.take('truncate-at-rest', ({ lose }) => Number(lose) <= size);
  if (!flip && !truncate) {
    return;
  }
  if (flip) {
    flipBit(path, Number(flip.offset));
  }
  if (truncate) {
    truncateSync(path, size - Number(truncate.lose));
  }
  emulator.uploads.forgetDigests(blob);
  if (file?.content) {
    const digests = await digestFile(path);
    store.saveFile({ ...file, content: { ...file.content, ...digests.soFar(), size: digests.bytes } });
  }
}

function spoilFile({ emulator, faults }: Exchange, { id }: StoredFile): void {
  const { store } = emulator;
  const file = store.files.get(id)!;
  if (faults.take('duplicate-file')) {
    const blob = emulator.newId();
    copyFileSync(store.blobPath(file.content!.blob), store.blobPath(blob));
    store.saveFile({ ...file, id: emulator.newId(), content: { ...file.content!, blob } });
  }
  if (faults.take('trashed-behind')) {
    store.saveFile(withTrashed(file, true, emulator.clock.now()));
  }
  if (faults.take('deleted-behind')) {
    store.removeFile(id);
  }
}
