// Drive's file resource, parsed: sizes are strings there, anything may be missing.
import { StoreError } from './errors.ts';
import type { StoredFile } from './store.ts';

export const fileFields = 'id,name,size,md5Checksum,sha256Checksum,trashed,createdTime,appProperties';

export function parseStoredFile(body: unknown): StoredFile {
  const file = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const id = text(file.id);
  if (id === undefined) throw new StoreError('transient', 'an answer without a file id');
  return {
    id,
    name: text(file.name) ?? '',
    bytes: Number(text(file.size) ?? 'NaN'),
    md5: text(file.md5Checksum)?.toLowerCase(),
    sha256: text(file.sha256Checksum)?.toLowerCase(),
    trashed: file.trashed === true,
    createdAt: text(file.createdTime),
    properties: properties(file.appProperties),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function properties(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
