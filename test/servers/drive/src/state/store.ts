/**
 * Google's memory, as files below one folder (layout in README.md).
 *
 * Guarantees: whatever was answered is on disk; a kill at any instant leaves either the old or the new record. A file comes
 * into being by ONE rename of its record, which names a blob that is already complete; so there is no instant at which a
 * half-uploaded file can be seen. Survives a kill of the process, not a power cut (nothing is fsynced).
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { floorToGranularity } from '../upload/content-range.ts';
import { readJson, writeJson } from './json-file.ts';
import { FOLDER_TYPE, type StoredFile, type UploadSession } from './records.ts';

export interface Store {
  readonly dir: string;
  readonly files: ReadonlyMap<string, StoredFile>;
  readonly sessions: ReadonlyMap<string, UploadSession>;
  readonly rootId: string;
  blobPath(blob: string): string;
  blobSize(blob: string): number;
  saveFile(file: StoredFile): void;
  removeFile(id: string): void;
  saveSession(session: UploadSession): void;
  createBlob(blob: string): void;
  removeBlob(blob: string): void;
  rememberIds(ids: string[]): void;
  isUnusedId(id: string): boolean;
}

export interface StoreOptions {
  dir: string;
  /** Move what is deleted into removed/ instead of forgetting it, so that a search sees all that was ever received. */
  keepRemoved: boolean;
  newId: () => string;
  now: () => number;
}

export function openStore(options: StoreOptions): Store {
  const { dir } = options;
  const place = (name: string) => join(dir, name);
  for (const folder of ['files', 'blobs', 'sessions', 'removed']) {
    mkdirSync(place(folder), { recursive: true, mode: 0o700 });
  }
  const files = readRecords<StoredFile>(place('files'));
  const sessions = readRecords<UploadSession>(place('sessions'));
  const unusedIds = readUnusedIds(place('generated-ids'));

  function discard(path: string, name: string): void {
    if (options.keepRemoved && existsSync(path)) {
      renameSync(path, place(`removed/${name}-${options.newId()}`));
    } else {
      rmSync(path, { force: true });
    }
  }

  const store: Store = {
    dir,
    files,
    sessions,
    rootId: readJson(place('root.json'), { id: `0A${options.newId().slice(2)}` }).id,
    blobPath: (blob) => place(`blobs/${blob}`),
    blobSize: (blob) => statSync(place(`blobs/${blob}`), { throwIfNoEntry: false })?.size ?? 0,
    saveFile(file) {
      writeJson(place(`files/${file.id}.json`), file);
      files.set(file.id, file);
      if (unusedIds.delete(file.id)) {
        appendFileSync(place('generated-ids'), `-${file.id}\n`);
      }
    },
    removeFile(id) {
      const file = files.get(id);
      files.delete(id);
      discard(place(`files/${id}.json`), 'file');
      if (file?.content) {
        store.removeBlob(file.content.blob);
      }
    },
    saveSession(session) {
      writeJson(place(`sessions/${session.id}.json`), session);
      sessions.set(session.id, session);
    },
    createBlob: (blob) => writeFileSync(place(`blobs/${blob}`), '', { mode: 0o600 }),
    removeBlob: (blob) => discard(place(`blobs/${blob}`), 'blob'),
    rememberIds(more) {
      appendFileSync(place('generated-ids'), more.map((id) => `+${id}\n`).join(''), { mode: 0o600 });
      for (const id of more) {
        unusedIds.add(id);
      }
    },
    isUnusedId: (id) => unusedIds.has(id) && !files.has(id),
  };
  makeRoot(store, options.now());
  writeJson(place('root.json'), { id: store.rootId });
  settleSessions(store);
  return store;
}

function readRecords<T extends { id: string }>(folder: string): Map<string, T> {
  const records = new Map<string, T>();
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.json')) {
      const record = JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
      records.set(record.id, record);
    }
  }
  return records;
}

/** The journal of ids: `+id` when one was handed out, `-id` when a file took it. A spent id stays spent after a delete. */
function readUnusedIds(path: string): Set<string> {
  const unused = new Set<string>();
  for (const line of existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []) {
    if (line.startsWith('+')) {
      unused.add(line.slice(1));
    } else {
      unused.delete(line.slice(1));
    }
  }
  return unused;
}

function makeRoot(store: Store, now: number): void {
  if (store.files.has(store.rootId)) {
    return;
  }
  store.saveFile({
    id: store.rootId,
    name: 'My Drive',
    mimeType: FOLDER_TYPE,
    parents: [],
    createdTime: now,
    modifiedTime: now,
    bornAt: 0,
    starred: false,
    explicitlyTrashed: false,
    version: 1,
    properties: {},
    appProperties: {},
    madeBy: '',
  });
}

/**
 * What a kill leaves behind: a session open although its file exists (killed between the two records), a chunk written in part,
 * a blob of an upload in one request that nobody can go on with.
 */
function settleSessions(store: Store): void {
  const owners = new Map<string, string>();
  for (const file of store.files.values()) {
    if (file.content) {
      owners.set(file.content.blob, file.id);
    }
  }
  for (const session of store.sessions.values()) {
    const fileId = owners.get(session.blob);
    if (session.state === 'open' && fileId !== undefined) {
      store.saveSession({ ...session, state: 'complete', fileId });
    } else if (session.state === 'open') {
      owners.set(session.blob, session.id);
      truncateSync(store.blobPath(session.blob), floorToGranularity(store.blobSize(session.blob)));
    }
  }
  for (const blob of readdirSync(join(store.dir, 'blobs'))) {
    if (!owners.has(blob)) {
      store.removeBlob(blob);
    }
  }
}
