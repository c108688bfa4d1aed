// `list`: committed backups, one event each, and what unfinished runs left. A manifest that cannot be read fails the verb, loudly and by name.
import type { Context } from '../context.ts';
import { reportError } from '../contract/errors.ts';
import type { Incomplete, Result } from '../contract/events.ts';
import { readCatalogue } from '../drive/catalogue.ts';
import type { StoredFile } from '../drive/store.ts';
import { loadManifests } from '../manifest/load-manifests.ts';
import { summarize } from '../manifest/manifest.ts';

/** The result stays one line that is read at a glance, so it names no more than these; `incompleteCount` counts all. */
const showIncomplete = 200;

export async function list(context: Context): Promise<Result> {
  const { manifests, parts } = await readCatalogue(context.store, context.settings.set, false);
  const { readable, unreadable } = await loadManifests(manifests, context);
  const backups = readable
    .map(({ manifest }) => summarize(manifest))
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  for (const backup of backups) context.events.backup(backup);
  const incomplete = incompleteOf(parts, manifests);
  const found = {
    count: backups.length,
    incomplete: incomplete.slice(0, showIncomplete),
    incompleteCount: incomplete.length,
  };
  const first = unreadable[0];
  if (first === undefined) return { outcome: 'ok', ...found };
  for (const { error } of unreadable) context.events.note('warn', 'unreadable-manifest', error.message);
  return { outcome: 'failed', error: reportError(first.error, 'list'), ...found };
}

/** Given all parts and manifests, return the backups that have parts and no manifest. */
export function incompleteOf(parts: StoredFile[], manifests: StoredFile[]): Incomplete[] {
  const committed = new Set(manifests.map(({ properties }) => properties.backup));
  const orphans = parts.filter(({ properties }) => !committed.has(properties.backup));
  const byBackup = Map.groupBy(orphans, ({ properties }) => properties.backup!);
  return [...byBackup].map(([id, files]) => {
    const newestAt = files
      .flatMap((file) => file.createdAt ?? [])
      .sort()
      .at(-1);
    return {
      id,
      parts: files.length,
      storedBytes: files.reduce((sum, file) => sum + (Number.isFinite(file.bytes) ? file.bytes : 0), 0),
      ...(newestAt === undefined ? {} : { newestAt }),
    };
  });
}
