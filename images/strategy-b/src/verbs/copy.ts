// `copy`: the files of some backups as they lie in Drive, into a folder, with what Drive knows of each. Nothing is decrypted: no key is needed for it.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { HavenError } from '../contract/errors.ts';
import type { Result } from '../contract/events.ts';
import type { CopyRequest } from '../contract/request.ts';
import { readCatalogue } from '../drive/catalogue.ts';
import type { StoredFile } from '../drive/store.ts';

export async function copy({ backups }: CopyRequest, context: Context): Promise<Result> {
  const { store, settings, events, surroundings } = context;
  const folder = surroundings.paths.copy;
  const catalogue = await readCatalogue(store, settings.set, false);
  const files = backups.flatMap((backup) => {
    const ours = ({ properties }: StoredFile) => properties.backup === backup;
    const manifests = catalogue.manifests.filter(ours);
    if (manifests.length === 0) throw damaged(`backup ${backup} is not in the store`);
    return [...catalogue.parts.filter(ours), ...manifests];
  });
  mkdirSync(folder, { recursive: true });
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const objects: object[] = [];
  for (const [n, stored] of files.entries()) {
    events.progress('copy', done, total, 'bytes');
    const file = String(n).padStart(6, '0');
    const bytes = await downloadTwice(stored, context);
    writeFileSync(join(folder, file), bytes, { mode: 0o644, flush: true });
    done += bytes.length;
    objects.push({ file, ...described(stored), bytes: bytes.length });
  }
  writeFileSync(join(folder, 'objects.json'), JSON.stringify({ objects }), { mode: 0o644, flush: true });
  return { outcome: 'ok', copied: { objects: objects.length, bytes: done } };
}

function described({ id, name, properties, createdAt }: StoredFile) {
  const { backup, kind, part } = properties;
  return {
    ...(kind === 'manifest' ? { backup, role: 'manifest' } : { backup, role: 'data', part: Number(part) }),
    ...{ id, name, properties },
    ...(createdAt === undefined ? {} : { createdAt }),
  };
}

/** Bytes that went wrong on the way are no damage in the store: only what is wrong twice is. */
async function downloadTwice(stored: StoredFile, { store }: Context): Promise<Buffer> {
  for (const again of [true, false]) {
    const bytes = await store.download(stored.id);
    const same =
      bytes.length === stored.bytes && createHash('md5').update(bytes).digest('hex') === stored.md5;
    if (same) return bytes;
    if (!again) break;
  }
  throw damaged(`what the store gives of file ${stored.id} is not what it lists`);
}

function damaged(message: string): HavenError {
  return new HavenError('damaged', message, { operation: 'copy', hint: '`haven audit b` says more' });
}
