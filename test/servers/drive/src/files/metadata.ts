/** Checks what a client sends as file metadata, and makes a stored file of it. */
import type { Emulator } from '../exchange.ts';
import { apiRefusal, invalidParameter, notFound } from '../http/refusal.ts';
import type { Grant } from '../oauth/accounts.ts';
import type { StoredFile } from '../state/records.ts';
import { mergeProperties } from './properties.ts';
import { isFolder, isVisible, visibleFile } from './resource.ts';
import { FILE_SCHEMA } from './schema.ts';

type Metadata = Record<string, unknown>;

const WRITABLE = [
  'name',
  'mimeType',
  'description',
  'starred',
  'modifiedTime',
  'properties',
  'appProperties',
];
const ONLY_ON_CREATE = ['id', 'parents', 'createdTime'];
const ONLY_ON_UPDATE = ['trashed'];
/** Writable at Google, without a meaning here. */
const IGNORED = [
  'copyRequiresWriterPermission',
  'writersCanShare',
  'originalFilename',
  'contentHints',
  'folderColorRgb',
];
const TYPES: Record<string, string> = {
  name: 'string',
  mimeType: 'string',
  description: 'string',
  id: 'string',
};

/** Given the metadata of a new file, return the file; throws 400, 403, 404 or 409 as Google does. */
export function newFile(
  metadata: Metadata,
  emulator: Emulator,
  grant: Grant,
  contentType?: string,
): StoredFile {
  checkKeys(metadata, [...WRITABLE, ...ONLY_ON_CREATE]);
  const now = emulator.clock.now();
  const id = metadata.id === undefined ? emulator.newId() : claimedId(String(metadata.id), emulator);
  const description = metadata.description;
  return {
    id,
    name: String(metadata.name ?? 'Untitled'),
    mimeType: String(metadata.mimeType ?? contentType ?? 'application/octet-stream'),
    ...(description !== undefined && { description: String(description) }),
    parents: [parentOf(metadata.parents, emulator, grant)],
    createdTime: timeOf(metadata.createdTime, 'createdTime') ?? now,
    modifiedTime: timeOf(metadata.modifiedTime, 'modifiedTime') ?? now,
    bornAt: now,
    starred: metadata.starred === true,
    explicitlyTrashed: false,
    version: 1,
    properties: mergeProperties({}, metadata.properties, 'properties'),
    appProperties: { [grant.clientId]: mergeProperties({}, metadata.appProperties, 'appProperties') },
    madeBy: grant.clientId,
  };
}

/** Given a file and a change, return the changed file; the stored one is left alone. */
export function changedFile(
  file: StoredFile,
  metadata: Metadata,
  emulator: Emulator,
  grant: Grant,
): StoredFile {
  if ('parents' in metadata) {
    throw notWritable(
      'The parents field is not directly writable in update requests. Use the addParents and removeParents parameters instead.',
    );
  }
  checkKeys(metadata, [...WRITABLE, ...ONLY_ON_UPDATE]);
  const now = emulator.clock.now();
  const changed: StoredFile = {
    ...file,
    version: file.version + 1,
    modifiedTime: timeOf(metadata.modifiedTime, 'modifiedTime') ?? now,
    properties: mergeProperties(file.properties, metadata.properties, 'properties'),
    appProperties: {
      ...file.appProperties,
      [grant.clientId]: mergeProperties(
        file.appProperties[grant.clientId] ?? {},
        metadata.appProperties,
        'appProperties',
      ),
    },
  };
  for (const key of ['name', 'mimeType', 'description'] as const) {
    if (metadata[key] !== undefined) {
      changed[key] = String(metadata[key]);
    }
  }
  if (metadata.starred !== undefined) {
    changed.starred = metadata.starred === true;
  }
  return metadata.trashed === undefined ? changed : withTrashed(changed, metadata.trashed === true, now);
}

export function withTrashed(file: StoredFile, trashed: boolean, now: number): StoredFile {
  const { trashedTime: _, ...rest } = file;
  return { ...rest, explicitlyTrashed: trashed, ...(trashed && { trashedTime: now }) };
}

/** addParents and removeParents: in the end a file has exactly one parent. */
export function movedFile(
  file: StoredFile,
  query: URLSearchParams,
  emulator: Emulator,
  grant: Grant,
): StoredFile {
  const idsIn = (name: string) => (query.get(name) ?? '').split(',').filter((id) => id !== '');
  const resolve = (id: string) => (id === 'root' ? emulator.store.rootId : id);
  const removed = idsIn('removeParents').map(resolve);
  const added = idsIn('addParents').map((id) => parentOf([id], emulator, grant));
  if (removed.length === 0 && added.length === 0) {
    return file;
  }
  const parents = [...new Set([...file.parents.filter((id) => !removed.includes(id)), ...added])];
  if (parents.length > 1) {
    throw apiRefusal(403, {
      reason: 'cannotAddParent',
      message: 'Increasing the number of parents is not allowed',
    });
  }
  return { ...file, parents };
}

function checkKeys(metadata: Metadata, writable: readonly string[]): void {
  for (const [key, value] of Object.entries(metadata)) {
    if (!writable.includes(key) && !IGNORED.includes(key)) {
      throw Object.hasOwn(FILE_SCHEMA, key)
        ? notWritable('The resource body includes fields which are not directly writable.')
        : apiRefusal(400, {
            reason: 'badRequest',
            message: `Invalid JSON payload received. Unknown name "${key}".`,
          });
    }
    if (TYPES[key] && value !== null && typeof value !== TYPES[key]) {
      throw invalidParameter(key, `Invalid value for: ${key}`, 'invalid');
    }
  }
}

function notWritable(message: string) {
  return apiRefusal(403, { reason: 'fieldNotWritable', message });
}

function claimedId(id: string, emulator: Emulator): string {
  if (emulator.store.files.has(id)) {
    throw apiRefusal(409, {
      reason: emulator.settings.idConflictReason,
      message: 'A file already exists with the provided ID.',
    });
  }
  if (!emulator.store.isUnusedId(id)) {
    throw invalidParameter('file.id', 'The provided file ID is not usable.', 'invalid');
  }
  return id;
}

function parentOf(parents: unknown, emulator: Emulator, grant: Grant): string {
  if (parents === undefined || parents === null) {
    return emulator.store.rootId;
  }
  if (!Array.isArray(parents) || parents.length !== 1 || typeof parents[0] !== 'string') {
    throw invalidParameter('parents', 'A file must have exactly one parent.', 'invalid');
  }
  const parent = visibleFile(parents[0], emulator, grant);
  if (!isFolder(parent) || !isVisible(parent, emulator, grant)) {
    throw isFolder(parent)
      ? notFound(parents[0])
      : apiRefusal(403, { reason: 'parentNotAFolder', message: 'The specified parent is not a folder.' });
  }
  return parent.id;
}

function timeOf(value: unknown, field: string): number | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) {
    throw invalidParameter(field, `Invalid value for: ${field}`, 'invalid');
  }
  return time;
}
