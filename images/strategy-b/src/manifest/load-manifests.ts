// The manifests of a catalogue, decrypted. Kept in the state volume by file id and md5, so that a daily audit downloads each once.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { HavenError } from '../contract/errors.ts';
import type { Store, StoredFile } from '../drive/store.ts';
import { cacheJsonFile, readJsonFile } from '../state/json-file.ts';
import { Manifest } from './manifest.ts';
import { isAsListed, parseManifest, readManifest } from './read-manifest.ts';

export interface LoadedManifests {
  readable: { file: StoredFile; manifest: Manifest }[];
  /** Each is an error `damaged` that names its backup. */
  unreadable: { file: StoredFile; error: HavenError }[];
}

/** Given manifests' files, return what they say. One that cannot be read is never skipped: it is in `unreadable`. */
export async function loadManifests(files: StoredFile[], context: Context): Promise<LoadedManifests> {
  const loaded: LoadedManifests = { readable: [], unreadable: [] };
  for (const file of files) {
    try {
      loaded.readable.push({ file, manifest: await loadManifest(file, context) });
    } catch (error) {
      if (!(error instanceof HavenError && error.code === 'damaged')) throw error;
      loaded.unreadable.push({ file, error });
    }
  }
  context.memory.remember(
    ...loaded.readable.map(({ file, manifest }) => ({ backup: manifest.backup, file: file.id })),
  );
  return loaded;
}

/** Forgets the names that a backup's manifest holds, because it is about to be deleted. */
export function dropFromCache(file: StoredFile, context: Context): void {
  rmSync(cachePath(file, context), { force: true });
}

function cachePath(file: StoredFile, { surroundings }: Context): string {
  return join(surroundings.paths.state, 'manifests', `${file.id}-${file.md5}.json`);
}

async function loadManifest(file: StoredFile, context: Context): Promise<Manifest> {
  const { store } = context;
  if (file.md5 === undefined) return readManifest(file, await store.download(file.id), context.tools());
  const cached = cachePath(file, context);
  const known = Manifest.safeParse(readJsonFile(cached));
  if (known.success) return parseManifest(file, Buffer.from(JSON.stringify(known.data)));
  const manifest = await readManifest(file, await downloadTwice(file, store), context.tools());
  cacheJsonFile(cached, manifest);
  return manifest;
}

/** Bytes that went wrong on the way are no damage in the store: only what is wrong twice is. */
async function downloadTwice(file: StoredFile, store: Store): Promise<Buffer> {
  const bytes = await store.download(file.id);
  return isAsListed(file, bytes) ? bytes : store.download(file.id);
}
