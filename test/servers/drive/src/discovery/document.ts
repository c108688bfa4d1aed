/** The discovery document: from it Google's Python library builds all its calls. Only the methods that exist here. */
import type { Exchange } from '../exchange.ts';
import { type Answer, jsonAnswer } from '../http/answer.ts';

type Parameters = Record<string, Record<string, unknown>>;

const text = { type: 'string', location: 'query' };
const flag = { type: 'boolean', location: 'query' };
const FILE_ID: Parameters = { fileId: { type: 'string', location: 'path', required: true } };
const DRIVES: Parameters = { supportsAllDrives: flag, supportsTeamDrives: flag };
const WRITES: Parameters = {
  ...DRIVES,
  keepRevisionForever: flag,
  enforceSingleParent: flag,
  ignoreDefaultVisibility: flag,
};
const MEDIA_UPLOAD = {
  accept: ['*/*'],
  maxSize: '5120GB',
  protocols: {
    simple: { multipart: true, path: '/upload/drive/v3/files' },
    resumable: { multipart: true, path: '/resumable/upload/drive/v3/files' },
  },
};

export function discovery({ request }: Exchange): Answer {
  const scheme = 'encrypted' in request.socket ? 'https' : 'http';
  const rootUrl = `${scheme}://${request.headers.host ?? 'www.googleapis.com'}/`;
  return jsonAnswer({
    kind: 'discovery#restDescription',
    discoveryVersion: 'v1',
    id: 'drive:v3',
    name: 'drive',
    version: 'v3',
    title: 'Google Drive API',
    protocol: 'rest',
    rootUrl,
    servicePath: 'drive/v3/',
    baseUrl: `${rootUrl}drive/v3/`,
    basePath: '/drive/v3/',
    batchPath: 'batch/drive/v3',
    auth: { oauth2: { scopes: { 'https://www.googleapis.com/auth/drive.file': { description: '' } } } },
    parameters: {
      alt: { type: 'string', location: 'query', default: 'json', enum: ['json', 'media'] },
      fields: text,
      key: text,
      oauth_token: text,
      prettyPrint: flag,
      quotaUser: text,
      userIp: text,
    },
    schemas: schemas(),
    resources: {
      about: { methods: { get: method('drive.about.get', 'GET', 'about', {}, 'About') } },
      files: { methods: fileMethods() },
    },
  });
}

function fileMethods(): Record<string, unknown> {
  const idUploads = withPath('/upload/drive/v3/files/{fileId}', '/resumable/upload/drive/v3/files/{fileId}');
  return {
    get: {
      ...method(
        'drive.files.get',
        'GET',
        'files/{fileId}',
        { ...FILE_ID, ...DRIVES, acknowledgeAbuse: flag },
        'File',
      ),
      supportsMediaDownload: true,
      useMediaDownloadService: true,
    },
    list: method('drive.files.list', 'GET', 'files', listParameters(), 'FileList'),
    create: {
      ...method('drive.files.create', 'POST', 'files', WRITES, 'File', 'File'),
      supportsMediaUpload: true,
      mediaUpload: MEDIA_UPLOAD,
    },
    update: {
      ...method(
        'drive.files.update',
        'PATCH',
        'files/{fileId}',
        { ...FILE_ID, ...WRITES, addParents: text, removeParents: text },
        'File',
        'File',
      ),
      supportsMediaUpload: true,
      mediaUpload: { ...MEDIA_UPLOAD, protocols: idUploads },
    },
    delete: method('drive.files.delete', 'DELETE', 'files/{fileId}', { ...FILE_ID, ...DRIVES }),
    emptyTrash: method('drive.files.emptyTrash', 'DELETE', 'files/trash', {}),
    generateIds: method(
      'drive.files.generateIds',
      'GET',
      'files/generateIds',
      {
        count: { type: 'integer', format: 'int32', location: 'query', default: '10' },
        space: text,
        type: text,
      },
      'GeneratedIds',
    ),
  };
}

function listParameters(): Parameters {
  return {
    q: text,
    orderBy: text,
    pageToken: text,
    spaces: text,
    corpora: text,
    driveId: text,
    pageSize: {
      type: 'integer',
      format: 'int32',
      location: 'query',
      default: '100',
      minimum: '1',
      maximum: '1000',
    },
    includeItemsFromAllDrives: flag,
    ...DRIVES,
  };
}

function withPath(simple: string, resumable: string) {
  return { simple: { multipart: true, path: simple }, resumable: { multipart: true, path: resumable } };
}

function method(
  id: string,
  httpMethod: string,
  path: string,
  parameters: Parameters,
  response?: string,
  request?: string,
): Record<string, unknown> {
  return {
    id,
    httpMethod,
    path,
    parameters,
    parameterOrder: Object.keys(parameters).filter((name) => parameters[name]!.required),
    ...(request && { request: { $ref: request } }),
    ...(response && { response: { $ref: response } }),
    scopes: ['https://www.googleapis.com/auth/drive.file'],
  };
}

function schemas(): Record<string, unknown> {
  const string = { type: 'string' };
  const strings = { type: 'array', items: string };
  const map = { type: 'object', additionalProperties: string };
  const object = (id: string, properties: Record<string, unknown>) => ({ id, type: 'object', properties });
  return {
    File: object('File', {
      ...Object.fromEntries(
        ['kind', 'id', 'name', 'mimeType', 'size', 'md5Checksum', 'sha256Checksum'].map((key) => [
          key,
          string,
        ]),
      ),
      parents: strings,
      appProperties: map,
      properties: map,
      trashed: { type: 'boolean' },
    }),
    FileList: object('FileList', {
      nextPageToken: string,
      files: { type: 'array', items: { $ref: 'File' } },
    }),
    GeneratedIds: object('GeneratedIds', { kind: string, space: string, ids: strings }),
    About: object('About', { kind: string, storageQuota: { type: 'object' } }),
  };
}
