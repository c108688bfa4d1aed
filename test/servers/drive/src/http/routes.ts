/** Which request is which: its handler, and the classes by which faults and the log know it, the narrowest first. */
import type { IncomingHttpHeaders } from 'node:http';
import { discovery } from '../discovery/document.ts';
import type { Exchange, GrantedExchange } from '../exchange.ts';
import type { RequestClass } from '../faults/catalogue.ts';
import { download } from '../files/download.ts';
import { about, create, emptyTrash, generateIds, get, remove, update } from '../files/handlers.ts';
import { list } from '../files/list.ts';
import { grantOf } from '../oauth/authorize.ts';
import { consent, deviceCode, revoke } from '../oauth/login.ts';
import { token } from '../oauth/token.ts';
import { parseContentRange } from '../upload/content-range.ts';
import { sessionRequest } from '../upload/session.ts';
import { simpleUpload } from '../upload/simple.ts';
import { startUpload } from '../upload/start.ts';
import type { Answer } from './answer.ts';

export interface Route {
  classes: RequestClass[];
  handle(exchange: Exchange): Answer | Promise<Answer>;
}

type Handler = (exchange: Exchange) => Answer | Promise<Answer>;
type GrantedHandler = (exchange: GrantedExchange) => Answer | Promise<Answer>;

const OPEN_ROUTES: Record<string, [RequestClass[], Handler]> = {
  'POST /token': [['token', 'any'], token],
  'POST /oauth2/v4/token': [['token', 'any'], token],
  'POST /o/oauth2/token': [['token', 'any'], token],
  'POST /device/code': [['device-code', 'any'], deviceCode],
  'GET /o/oauth2/auth': [['any'], consent],
  'GET /o/oauth2/v2/auth': [['any'], consent],
  'POST /revoke': [['any'], revoke],
  'POST /o/oauth2/revoke': [['any'], revoke],
  'GET /discovery/v1/apis/drive/v3/rest': [['discovery', 'any'], discovery],
  'GET /$discovery/rest': [['discovery', 'any'], discovery],
};

const API_ROUTES: Record<string, [RequestClass[], GrantedHandler]> = {
  'GET /drive/v3/about': [['about', 'api', 'any'], about],
  'GET /drive/v3/files': [['list', 'api', 'any'], list],
  'POST /drive/v3/files': [['create', 'api', 'any'], create],
  'GET /drive/v3/files/generateIds': [['generate-ids', 'api', 'any'], generateIds],
  'DELETE /drive/v3/files/trash': [['delete', 'api', 'any'], emptyTrash],
};

/** Given a request's line and headers, return its route, or undefined where Google shows its 404 page. */
export function findRoute(
  method: string,
  path: string,
  query: URLSearchParams,
  headers: IncomingHttpHeaders,
): Route | undefined {
  const line = `${method} ${path}`;
  if (Object.hasOwn(OPEN_ROUTES, line)) {
    const [classes, handle] = OPEN_ROUTES[line]!;
    return { classes, handle };
  }
  if (Object.hasOwn(API_ROUTES, line)) {
    const [classes, handle] = API_ROUTES[line]!;
    return granted(classes, handle);
  }
  const upload = /^(?:\/resumable)?\/upload\/drive\/v3\/files(?:\/([\w-]+))?$/.exec(path);
  if (upload) {
    return uploadRoute(method, upload[1], query, headers);
  }
  const file = /^\/drive\/v3\/files\/([\w-]+)$/.exec(path);
  return file ? fileRoute(method, file[1]!, query) : undefined;
}

function granted(classes: RequestClass[], handle: GrantedHandler): Route {
  return {
    classes,
    handle: (exchange) =>
      handle({ ...exchange, grant: grantOf(exchange.request, exchange.emulator.accounts) }),
  };
}

function fileRoute(method: string, id: string, query: URLSearchParams): Route | undefined {
  switch (method) {
    case 'GET':
      return query.get('alt') === 'media'
        ? granted(['download', 'api', 'any'], (exchange) => download(exchange, id))
        : granted(['get', 'api', 'any'], (exchange) => get(exchange, id));
    case 'PATCH':
      return granted(['update', 'api', 'any'], (exchange) => update(exchange, id));
    case 'DELETE':
      return granted(['delete', 'api', 'any'], (exchange) => remove(exchange, id));
    default:
      return undefined;
  }
}

function uploadRoute(
  method: string,
  id: string | undefined,
  query: URLSearchParams,
  headers: IncomingHttpHeaders,
): Route | undefined {
  if (query.has('upload_id')) {
    const known = method === 'PUT' || method === 'POST';
    return known ? { classes: sessionClasses(headers), handle: sessionRequest } : undefined;
  }
  if (method !== (id === undefined ? 'POST' : 'PATCH')) {
    return undefined;
  }
  return query.get('uploadType') === 'resumable'
    ? granted(['upload-start', 'upload', 'api', 'any'], (exchange) => startUpload(exchange, id))
    : granted(['upload-simple', 'upload', 'api', 'any'], (exchange) => simpleUpload(exchange, id));
}

function sessionClasses(headers: IncomingHttpHeaders): RequestClass[] {
  const wider: RequestClass[] = ['upload-session', 'upload', 'api', 'any'];
  const range = parseContentRange(headers['content-range'] ?? '');
  if (headers['content-range'] !== undefined && range?.kind !== 'bytes') {
    return [
      range?.kind === 'total' || range?.kind === 'inverted' ? 'upload-final' : 'upload-status',
      ...wider,
    ];
  }
  const final = !range || (range.kind === 'bytes' && range.last + 1 === range.total);
  return final ? ['upload-final', 'upload-chunk', ...wider] : ['upload-chunk', ...wider];
}
