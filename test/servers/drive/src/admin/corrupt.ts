/**
 * POST /_emulator/files/{id}/corrupt: what can happen to a file behind everybody's back. The metadata tells the truth about the
 * bytes that are stored then; with "honest": false it goes on claiming the old checksums and size: silent rot.
 */
import { copyFileSync, renameSync, truncateSync } from 'node:fs';
import type { Emulator } from '../exchange.ts';
import { withTrashed } from '../files/metadata.ts';
import { resourceOf } from '../files/resource.ts';
import { digestFile } from '../state/digests.ts';
import type { StoredFile } from '../state/records.ts';
import { flipBit } from '../upload/at-rest.ts';

type Body = Record<string, unknown>;
export const CORRUPTIONS = ['flip', 'truncate', 'swap', 'trash', 'delete', 'flag-abusive'] as const;

export async function corruptFile(emulator: Emulator, id: string, body: Body): Promise<unknown> {
  const { store } = emulator;
  const file = known(emulator, id);
  const honest = body.honest !== false;
  switch (body.how) {
    case 'flip':
      flipBit(pathOf(emulator, file), offsetOf(body.offset ?? 0, file.content!.size));
      await settle(emulator, file, honest);
      break;
    case 'truncate':
      truncateSync(pathOf(emulator, file), offsetOf(body.size ?? 0, file.content!.size));
      await settle(emulator, file, honest);
      break;
    case 'swap':
      await swap(emulator, file, known(emulator, String(body.with)), honest);
      break;
    case 'trash':
      store.saveFile(withTrashed(file, true, emulator.clock.now()));
      break;
    case 'delete':
      store.removeFile(id);
      return { deleted: id };
    case 'flag-abusive':
      store.saveFile({ ...file, abusive: true });
      break;
    default:
      throw new Error(`"how" must be one of ${CORRUPTIONS.join(', ')}`);
  }
  return resourceOf(store.files.get(id)!, emulator, { clientId: file.madeBy, scope: '' });
}

function known({ store }: Emulator, id: string): StoredFile {
  const file = store.files.get(id);
  if (!file) {
    throw new Error(`no file ${id} is stored`);
  }
  return file;
}

function pathOf({ store }: Emulator, file: StoredFile): string {
  if (!file.content) {
    throw new Error(`file ${file.id} has no content`);
  }
  return store.blobPath(file.content.blob);
}

function offsetOf(value: unknown, size: number): number {
  const offset = Number(value);
  if (!Number.isInteger(offset) || offset < 0 || offset >= size) {
    throw new Error(`${String(value)} is not within the file's ${size} bytes`);
  }
  return offset;
}

async function swap(emulator: Emulator, one: StoredFile, other: StoredFile, honest: boolean): Promise<void> {
  const [first, second] = [pathOf(emulator, one), pathOf(emulator, other)];
  copyFileSync(first, `${first}.swap`);
  copyFileSync(second, first);
  renameSync(`${first}.swap`, second);
  await settle(emulator, one, honest);
  await settle(emulator, other, honest);
}

async function settle(emulator: Emulator, file: StoredFile, honest: boolean): Promise<void> {
  if (!honest || !file.content) {
    return;
  }
  const digests = await digestFile(pathOf(emulator, file));
  const content = { ...file.content, ...digests.soFar(), size: digests.bytes };
  emulator.store.saveFile({ ...file, content });
}
