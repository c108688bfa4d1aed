// What of ours lies in Drive, found by appProperties (FORMAT.md, "Files").
import type { Store, StoredFile } from './store.ts';

export interface Catalogue {
  manifests: StoredFile[];
  parts: StoredFile[];
}

/** Given a set's name, return its files; trashed ones only when asked for. Files that do not say what they are are not ours to judge. */
export async function readCatalogue(store: Store, set: string, withTrashed: boolean): Promise<Catalogue> {
  const files = await store.list({ haven: set }, withTrashed);
  const ofKind = (kind: string) =>
    files.filter(({ properties }) => properties.kind === kind && properties.backup !== undefined);
  return { manifests: ofKind('manifest'), parts: ofKind('part') };
}

/** Given a set's name, return the id of its folder; makes one when there is none. The folder is for people only, so a second one would do no harm. */
export async function ensureFolder(store: Store, set: string): Promise<string> {
  const properties = { haven: set, kind: 'folder' };
  const [found] = await store.list(properties, false);
  if (found !== undefined) return found.id;
  const [id] = await store.generateIds(1);
  await store.createFolder(id!, `Haven ${set}`, properties);
  return id!;
}
