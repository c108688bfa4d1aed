/** A stored file as a client sees it. */
import type { Emulator, GrantedExchange } from '../exchange.ts';
import { notFound } from '../http/refusal.ts';
import { DRIVE_FILE_SCOPE, type Grant } from '../oauth/accounts.ts';
import type { Searchable } from '../query/match.ts';
import { FOLDER_TYPE, type StoredFile } from '../state/records.ts';

export const OWNER = {
  kind: 'drive#user',
  displayName: 'Emulated Owner',
  me: true,
  permissionId: '00000000000000000001',
  emailAddress: 'owner@drive-emulator.invalid',
};

/** Given a file and who asks, return every field that the emulator knows; a mask then drops what was not asked for. */
export function resourceOf(file: StoredFile, emulator: Emulator, grant: Grant): Record<string, unknown> {
  const { content } = file;
  const sha = content && emulator.settings.shaChecksums;
  const appProperties = appPropertiesOf(file, grant);
  return {
    kind: 'drive#file',
    id: file.id,
    name: file.name,
    mimeType: file.mimeType,
    ...(file.description !== undefined && { description: file.description }),
    starred: file.starred,
    trashed: isTrashed(file, emulator),
    explicitlyTrashed: file.explicitlyTrashed,
    ...(file.trashedTime !== undefined && { trashedTime: iso(file.trashedTime) }),
    ...(file.parents.length > 0 && { parents: file.parents }),
    ...(hasEntries(file.properties) && { properties: file.properties }),
    ...(hasEntries(appProperties) && { appProperties }),
    spaces: ['drive'],
    version: String(file.version),
    createdTime: iso(file.createdTime),
    modifiedTime: iso(file.modifiedTime),
    owners: [OWNER],
    lastModifyingUser: OWNER,
    ownedByMe: true,
    shared: false,
    isAppAuthorized: file.madeBy === grant.clientId,
    capabilities: { canEdit: true, canDelete: true, canTrash: true, canDownload: true, canRename: true },
    webViewLink: `https://drive.google.com/file/d/${file.id}/view?usp=drivesdk`,
    quotaBytesUsed: String(content?.size ?? 0),
    ...(content && {
      size: String(content.size),
      md5Checksum: content.md5,
      headRevisionId: content.revision,
      originalFilename: file.name,
    }),
    ...(sha && { sha1Checksum: content.sha1, sha256Checksum: content.sha256 }),
  };
}

/** As resourceOf, unless a planned fault makes the checksum lie. */
export function answeredResource(file: StoredFile, exchange: GrantedExchange): Record<string, unknown> {
  const resource = resourceOf(file, exchange.emulator, exchange.grant);
  if (file.content && exchange.faults.take('wrong-md5-metadata')) {
    return { ...resource, md5Checksum: wrongMd5(file.content.md5) };
  }
  if (file.content && exchange.faults.take('missing-md5-metadata')) {
    const { md5Checksum: _, ...rest } = resource;
    return rest;
  }
  return resource;
}

export function wrongMd5(md5: string): string {
  return `${md5[0] === '0' ? '1' : '0'}${md5.slice(1)}`;
}

/** Given an id or `root`, return the file if this grant may see it; throws 404 otherwise: Google does not tell the difference. */
export function visibleFile(id: string, emulator: Emulator, grant: Grant): StoredFile {
  const file = emulator.store.files.get(id === 'root' ? emulator.store.rootId : id);
  if (!file || !isVisible(file, emulator, grant)) {
    throw notFound(id);
  }
  return file;
}

export function isVisible(file: StoredFile, emulator: Emulator, grant: Grant): boolean {
  const own = file.madeBy === grant.clientId || file.id === emulator.store.rootId;
  return own || !grant.scope.split(' ').every((scope) => scope === DRIVE_FILE_SCOPE);
}

/** Trashed itself, or inside a trashed folder. */
export function isTrashed(file: StoredFile, emulator: Emulator): boolean {
  const parent = emulator.store.files.get(file.parents[0] ?? '');
  return file.explicitlyTrashed || (parent !== undefined && isTrashed(parent, emulator));
}

export function searchable(file: StoredFile, emulator: Emulator, grant: Grant): Searchable {
  return {
    ...file,
    trashed: isTrashed(file, emulator),
    owner: OWNER.emailAddress,
    appProperties: appPropertiesOf(file, grant),
  };
}

export function isFolder(file: StoredFile): boolean {
  return file.mimeType === FOLDER_TYPE;
}

function appPropertiesOf(file: StoredFile, grant: Grant): Record<string, string> {
  return file.appProperties[grant.clientId] ?? {};
}

function hasEntries(record: Record<string, string>): boolean {
  return Object.keys(record).length > 0;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
