/** The fields of Drive's resources. A mask may name any of them; the emulator fills in those that resource.ts lists. */
import type { Schema } from './fields-mask.ts';

function fields(names: string): Schema {
  return Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, 'any' as const]),
  );
}

const USER = fields('kind displayName photoLink me permissionId emailAddress');

export const FILE_SCHEMA: Schema = {
  ...fields(`kind id name mimeType description starred trashed explicitlyTrashed trashedTime parents properties appProperties
    spaces version webContentLink webViewLink iconLink hasThumbnail thumbnailLink thumbnailVersion viewedByMe viewedByMeTime
    createdTime modifiedTime modifiedByMe modifiedByMeTime sharedWithMeTime teamDriveId driveId shared ownedByMe
    viewersCanCopyContent copyRequiresWriterPermission writersCanShare permissions permissionIds hasAugmentedPermissions
    folderColorRgb originalFilename fullFileExtension fileExtension md5Checksum sha1Checksum sha256Checksum size
    quotaBytesUsed headRevisionId contentHints imageMediaMetadata videoMediaMetadata isAppAuthorized exportLinks
    shortcutDetails contentRestrictions labelInfo resourceKey linkShareMetadata inheritedPermissionsDisabled
    downloadRestrictions`),
  owners: USER,
  sharingUser: USER,
  trashingUser: USER,
  lastModifyingUser: USER,
  capabilities:
    fields(`canAddChildren canCopy canDelete canDownload canEdit canListChildren canRename canTrash canUntrash
    canShare canComment canReadRevisions canModifyContent canRemoveChildren`),
};

export const LIST_SCHEMA: Schema = { ...fields('kind incompleteSearch nextPageToken'), files: FILE_SCHEMA };

export const ABOUT_SCHEMA: Schema = {
  ...fields(`kind importFormats exportFormats maxImportSizes maxUploadSize appInstalled folderColorPalette driveThemes
    teamDriveThemes canCreateDrives canCreateTeamDrives`),
  user: USER,
  storageQuota: fields('limit usage usageInDrive usageInDriveTrash'),
};

export const IDS_SCHEMA: Schema = fields('kind space ids');

export const DEFAULT_FILE_FIELDS = 'kind,id,name,mimeType';
export const DEFAULT_LIST_FIELDS = `kind,incompleteSearch,nextPageToken,files(${DEFAULT_FILE_FIELDS})`;
