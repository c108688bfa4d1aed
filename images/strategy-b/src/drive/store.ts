// The small interface over which everything above speaks to Google Drive. Nothing above it knows an HTTP status or an error of Google's.
// Methods throw StoreError (drive/errors.ts); `drive/retry.ts` wraps those that may be repeated.

export interface StoredFile {
  id: string;
  name: string;
  bytes: number;
  /** Drive may leave a checksum out; absence is not agreement. */
  md5: string | undefined;
  sha256: string | undefined;
  trashed: boolean;
  createdAt: string | undefined;
  properties: Record<string, string>;
}

export interface NewFile {
  /** From `generateIds`, so that a repeated try makes no second file. */
  id: string;
  name: string;
  folder: string;
  bytes: number;
  properties: Record<string, string>;
}

/** A resumable session's URI. Whoever has it can write: it is never logged. */
export type SessionUri = string & { readonly secret: unique symbol };

/** What Drive answers to a chunk or to a status query. */
export type UploadState =
  | { kind: 'complete'; file: StoredFile }
  /** `upTo` bytes are persisted; null when the answer did not say. `session` when Drive moved it. */
  | { kind: 'incomplete'; upTo: number | null; md5: string | undefined; session: SessionUri | undefined };

export interface Store {
  generateIds(count: number): Promise<string[]>;
  /** All files with these appProperties; trashed ones only when asked for. */
  list(properties: Record<string, string>, withTrashed: boolean): Promise<StoredFile[]>;
  get(id: string): Promise<StoredFile>;
  createFolder(id: string, name: string, properties: Record<string, string>): Promise<void>;
  download(id: string): Promise<Buffer>;
  remove(id: string): Promise<void>;
  startUpload(file: NewFile): Promise<SessionUri>;
  /** Sends bytes `offset…` of `total`; none when all are there already, and only the end is missing. */
  sendChunk(session: SessionUri, chunk: Buffer, offset: number, total: number): Promise<UploadState>;
  queryUpload(session: SessionUri): Promise<UploadState>;
  /** Given the URI of a session that was written down, return it; throws `refused` when it is not at Google's or at the configured host. */
  readSession(text: string): SessionUri;
}
