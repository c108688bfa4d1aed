/** What is kept on disk. These are the emulator's own records; what a client sees of a file is made in files/resource.ts. */
import type { Checksums } from './digests.ts';

export interface Content extends Checksums {
  /** Name of the file under blobs/. */
  blob: string;
  revision: string;
  size: number;
  uploadedAt: number;
}

export interface StoredFile {
  id: string;
  name: string;
  mimeType: string;
  description?: string;
  parents: string[];
  createdTime: number;
  modifiedTime: number;
  /** When the emulator made it, whatever createdTime the client set: lists lag behind this. */
  bornAt: number;
  starred: boolean;
  explicitlyTrashed: boolean;
  trashedTime?: number;
  version: number;
  properties: Record<string, string>;
  /** Private to each OAuth project, as Google keeps them. */
  appProperties: Record<string, Record<string, string>>;
  /** The OAuth client that made it: the scope drive.file sees nothing else. */
  madeBy: string;
  /** Flagged by Google as abusive: downloads need acknowledgeAbuse. */
  abusive?: boolean;
  content?: Content;
}

export interface UploadSession {
  id: string;
  /** The blob that grows. Its length on disk is what has been persisted. */
  blob: string;
  clientId: string;
  scope: string;
  /** Set when the upload replaces the content of a file. */
  updates?: string;
  metadata: Record<string, unknown>;
  query: Record<string, string>;
  contentType?: string;
  declaredTotal?: number;
  fields?: string;
  createdAt: number;
  usedAt: number;
  state: 'open' | 'dead' | 'complete';
  /** Why it is dead: the refusal is repeated for whoever comes back. */
  deadAnswer?: { status: number; text: string };
  fileId?: string;
}

export const FOLDER_TYPE = 'application/vnd.google-apps.folder';
