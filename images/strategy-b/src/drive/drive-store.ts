// The store on Google Drive v3. Metadata goes through Google's client; uploads are driven by hand in drive/session.ts, because that client has none that resume.
import type { Answer, Connection, RequestOptions } from './connection.ts';
import { StoreError } from './errors.ts';
import { queryUpload, sendChunk, sessionUri, startUpload } from './session.ts';
import type { Store, StoredFile } from './store.ts';
import { fileFields, parseStoredFile } from './stored-file.ts';

const folderType = 'application/vnd.google-apps.folder';
const ok = (status: number) => status >= 200 && status < 300;

export function createDriveStore(connection: Connection): Store {
  const { drive, ask } = connection;

  return {
    generateIds: async (count) => {
      const answer = await ask(ok, (options) =>
        drive.files.generateIds({ count, space: 'drive', type: 'files' }, options).then(toAnswer),
      );
      const ids = (answer.data as { ids?: unknown } | null)?.ids;
      if (!Array.isArray(ids) || ids.length !== count || !ids.every((id) => typeof id === 'string'))
        throw new StoreError('transient', 'an answer without the ids asked for');
      return ids;
    },
    list: (properties, withTrashed) => listAll(connection, queryFor(properties, withTrashed)),
    get: async (id) => {
      const answer = await ask(ok, (options) =>
        drive.files.get({ fileId: id, fields: fileFields }, options).then(toAnswer),
      );
      return parseStoredFile(answer.data);
    },
    createFolder: async (id, name, appProperties) => {
      const requestBody = { id, name, mimeType: folderType, appProperties };
      const created = (status: number) => ok(status) || status === 409; // a repeated try finds its own folder
      await ask(created, (options) =>
        drive.files.create({ requestBody, fields: 'id' }, options).then(toAnswer),
      );
    },
    download: async (id) => {
      const answer = await ask(ok, (options) =>
        drive.files
          .get({ fileId: id, alt: 'media' }, { ...options, responseType: 'arraybuffer' })
          .then(toAnswer),
      );
      if (!(answer.data instanceof ArrayBuffer))
        throw new StoreError('transient', 'a download without a body');
      return Buffer.from(answer.data);
    },
    remove: async (id) => {
      const gone = (status: number) => ok(status) || status === 404;
      await ask(gone, (options) => drive.files.delete({ fileId: id }, options).then(toAnswer));
    },
    startUpload: (file) => startUpload(connection, file),
    sendChunk: (session, chunk, offset, total) => sendChunk(connection, session, chunk, offset, total),
    queryUpload: (session) => queryUpload(connection, session),
    readSession: (text) => sessionUri(text, connection.rootUrl),
  };
}

/** All pages, or nothing: a listing that Drive calls incomplete is no listing, and one whose page token it forgot begins anew (v3 reference, files.list). */
async function listAll(connection: Connection, q: string): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  let pageToken: string | undefined;
  do {
    const page = await listPage(connection, q, pageToken).catch((error) => {
      if (pageToken === undefined || !(error instanceof StoreError) || error.kind !== 'refused') throw error;
      throw new StoreError('transient', `${error.message} for a page token`);
    });
    files.push(...page.files);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return files;
}

async function listPage(connection: Connection, q: string, pageToken: string | undefined) {
  const fields = `nextPageToken,incompleteSearch,files(${fileFields})`;
  const params = { q, fields, pageSize: 1000, ...(pageToken === undefined ? {} : { pageToken }) };
  const answer = await connection.ask(ok, (options: RequestOptions) =>
    connection.drive.files.list(params, options).then(toAnswer),
  );
  const page = (answer.data ?? {}) as {
    files?: unknown;
    nextPageToken?: unknown;
    incompleteSearch?: unknown;
  };
  if (!Array.isArray(page.files) || page.incompleteSearch === true)
    throw new StoreError('transient', 'an incomplete listing');
  return {
    files: page.files.map(parseStoredFile),
    nextPageToken: typeof page.nextPageToken === 'string' ? page.nextPageToken : undefined,
  };
}

/** Given appProperties, return Drive's search expression. */
export function queryFor(properties: Record<string, string>, withTrashed: boolean): string {
  const terms = Object.entries(properties).map(
    ([key, value]) => `appProperties has { key='${quote(key)}' and value='${quote(value)}' }`,
  );
  return [...terms, ...(withTrashed ? [] : ['trashed = false'])].join(' and ');
}

function quote(text: string): string {
  return text.replace(/[\\']/g, '\\$&');
}

function toAnswer(response: { status: number; headers: unknown; data: unknown }): Answer {
  return { status: response.status, headers: new Headers(response.headers as Headers), data: response.data };
}
