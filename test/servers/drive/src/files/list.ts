/** files.list: query, order, pages. */
import { createHash } from 'node:crypto';
import type { GrantedExchange } from '../exchange.ts';
import type { Answer } from '../http/answer.ts';
import { invalidParameter } from '../http/refusal.ts';
import { matches } from '../query/match.ts';
import { parseQuery, type Query } from '../query/parse.ts';
import { QueryError } from '../query/tokenize.ts';
import type { StoredFile } from '../state/records.ts';
import { maskedAnswer } from './masked.ts';
import { answeredResource, isFolder, isVisible, searchable } from './resource.ts';
import { DEFAULT_LIST_FIELDS, LIST_SCHEMA } from './schema.ts';

type Key = (string | number)[];

export function list(exchange: GrantedExchange): Answer {
  const { emulator, query, grant, faults } = exchange;
  const { store, settings, clock } = emulator;
  const search = queryOf(query.get('q'));
  const pageSize = Math.min(pageSizeOf(query.get('pageSize')), settings.maxPageSize);
  const order = orderOf(query.get('orderBy'));
  const after = keyAfter(query);
  if (after && faults.take('page-token-rejected-400')) {
    throw invalidParameter('pageToken', 'Invalid Value', 'invalid');
  }
  const lagMs = lagOf(exchange);

  const found = [...store.files.values()]
    .filter((file) => file.id !== store.rootId && isVisible(file, emulator, grant))
    .filter((file) => file.bornAt <= clock.now() - lagMs)
    .filter((file) => !search || matches(search, searchable(file, emulator, grant), store.rootId))
    .map((file) => ({ file, key: [...order.map(({ keyOf }) => keyOf(file)), file.id] }))
    .filter(({ key }) => !after || compareKeys(key, after, order) > 0)
    .sort((left, right) => compareKeys(left.key, right.key, order));
  const page = found.slice(0, pageSize);

  const more = found.length > page.length && { nextPageToken: pageToken(query, page.at(-1)!.key) };
  const resources = page.map(({ file }) => answeredResource(file, exchange));
  const value = faults.take('incomplete-list')
    ? { kind: 'drive#fileList', incompleteSearch: true, files: [] }
    : { kind: 'drive#fileList', incompleteSearch: false, ...more, files: resources };
  return maskedAnswer(value, query.get('fields'), DEFAULT_LIST_FIELDS, LIST_SCHEMA);
}

/** Lists by name were seen to lag where others did not. */
function lagOf({ emulator, query, faults }: GrantedExchange): number {
  const byName = /\bname\b/.test(query.get('q') ?? '');
  const lag = faults.take('list-lag', ({ by }) => by !== 'name' || byName);
  return lag ? Number(lag.seconds) * 1000 : emulator.settings.listLagMs;
}

function queryOf(text: string | null): Query | undefined {
  try {
    return text ? parseQuery(text) : undefined;
  } catch (error) {
    if (error instanceof QueryError) {
      throw invalidParameter('q', `Invalid Value: ${error.message}`, 'invalid');
    }
    throw error;
  }
}

function pageSizeOf(text: string | null): number {
  const size = Number(text ?? 100);
  if (!Number.isInteger(size) || size < 1 || size > 1000) {
    throw invalidParameter('pageSize', `Invalid value '${text}'. Values must be within the range: [1, 1000]`);
  }
  return size;
}

interface Order {
  keyOf(file: StoredFile): string | number;
  descending: boolean;
}

const SORT_KEYS: Record<string, (file: StoredFile) => string | number> = {
  createdTime: (file) => file.createdTime,
  modifiedTime: (file) => file.modifiedTime,
  name: (file) => file.name.toLowerCase(),
  name_natural: (file) => file.name.toLowerCase(),
  folder: (file) => (isFolder(file) ? 0 : 1),
  quotaBytesUsed: (file) => file.content?.size ?? 0,
  starred: (file) => (file.starred ? 0 : 1),
};

function orderOf(text: string | null): Order[] {
  return (text || 'modifiedTime desc').split(',').map((part) => {
    const [name = '', direction] = part.trim().split(/\s+/);
    const keyOf = Object.hasOwn(SORT_KEYS, name) ? SORT_KEYS[name] : undefined;
    if (!keyOf || (direction !== undefined && direction !== 'desc')) {
      throw invalidParameter('orderBy', `Invalid Value: ${part}`, 'invalid');
    }
    return { keyOf, descending: direction === 'desc' };
  });
}

function compareKeys(left: Key, right: Key, order: Order[]): number {
  for (let i = 0; i < left.length; i++) {
    const [a, b] = [left[i]!, right[i]!];
    if (a !== b) {
      return (a < b ? -1 : 1) * (order[i]?.descending ? -1 : 1);
    }
  }
  return 0;
}

/** A token holds the last key of its page, so that pages stay right while files come and go; it is good for one search only. */
function pageToken(query: URLSearchParams, key: Key): string {
  return `~!!~${Buffer.from(JSON.stringify([searchDigest(query), key])).toString('base64url')}`;
}

function keyAfter(query: URLSearchParams): Key | undefined {
  const token = query.get('pageToken');
  if (!token) {
    return undefined;
  }
  try {
    const [digest, key] = JSON.parse(Buffer.from(token.slice(4), 'base64url').toString('utf8'));
    if (token.startsWith('~!!~') && digest === searchDigest(query) && Array.isArray(key)) {
      return key;
    }
  } catch {
    // Refused below, like a token of another search.
  }
  throw invalidParameter('pageToken', 'Invalid Value', 'invalid');
}

function searchDigest(query: URLSearchParams): string {
  const search = JSON.stringify([query.get('q'), query.get('orderBy'), query.get('spaces')]);
  return createHash('sha256').update(search).digest('base64url').slice(0, 12);
}
