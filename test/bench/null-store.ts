// A store that takes everything and keeps nothing, so that what is measured is the pipeline and nothing else. The checksums that a store must give
// are taken from the journal and not computed: Google's computers do that, not ours.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { NewFile, SessionUri, Store, StoredFile } from '../../images/strategy-b/src/drive/store.ts';

interface Made {
  stored: { bytes: number; md5: string; sha256: string };
}

export function createNullStore(stateFolder: string): Store {
  const sessions = new Map<string, NewFile>();
  let ids = 0;

  function stored(file: NewFile): StoredFile {
    const journal = new DatabaseSync(join(stateFolder, 'journal.sqlite'), { readOnly: true, timeout: 5000 });
    try {
      const row = journal.prepare('SELECT made FROM file WHERE id = ?').get(file.id);
      const made = JSON.parse(String(row?.made)) as Made;
      const { id, name, properties } = file;
      return { id, name, properties, trashed: false, createdAt: undefined, ...made.stored };
    } finally {
      journal.close();
    }
  }
  const never = async () => {
    throw new Error('the null store keeps nothing');
  };

  return {
    generateIds: async (count) => Array.from({ length: count }, () => `null-${++ids}`),
    list: async () => [],
    get: never,
    download: never,
    createFolder: async () => undefined,
    remove: async () => undefined,
    startUpload: async (file) => {
      const session = `null:${file.id}` as SessionUri;
      sessions.set(session, file);
      return session;
    },
    sendChunk: async (session, chunk, offset, total) => {
      const upTo = offset + chunk.length;
      if (upTo < total) return { kind: 'incomplete', upTo, md5: undefined, session: undefined };
      const file = sessions.get(session)!;
      sessions.delete(session);
      return { kind: 'complete', file: stored(file) };
    },
    queryUpload: never,
    readSession: (text) => text as SessionUri,
  };
}
