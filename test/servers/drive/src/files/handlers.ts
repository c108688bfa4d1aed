/** files.get, create, update, delete, emptyTrash, generateIds and about: everything without content. */
import type { Emulator, GrantedExchange } from '../exchange.ts';
import { type Answer, emptyAnswer } from '../http/answer.ts';
import { apiRefusal, invalidParameter } from '../http/refusal.ts';
import { parseJsonObject, readBody } from '../http/request-body.ts';
import type { StoredFile } from '../state/records.ts';
import { checkMask, maskedAnswer } from './masked.ts';
import { changedFile, movedFile, newFile } from './metadata.ts';
import { storageUsage } from './quota.ts';
import { answeredResource, isTrashed, OWNER, visibleFile } from './resource.ts';
import { ABOUT_SCHEMA, DEFAULT_FILE_FIELDS, FILE_SCHEMA, IDS_SCHEMA } from './schema.ts';

export function get(exchange: GrantedExchange, id: string): Answer {
  const file = visibleFile(id, exchange.emulator, exchange.grant);
  return fileAnswer(file, exchange);
}

export async function create(exchange: GrantedExchange): Promise<Answer> {
  const metadata = await metadataOf(exchange);
  checkMask(exchange.query.get('fields'), FILE_SCHEMA);
  const file = newFile(metadata, exchange.emulator, exchange.grant);
  exchange.emulator.store.saveFile(file);
  return fileAnswer(file, exchange);
}

export async function update(exchange: GrantedExchange, id: string): Promise<Answer> {
  const { emulator, grant, query } = exchange;
  const metadata = await metadataOf(exchange);
  checkMask(query.get('fields'), FILE_SCHEMA);
  const file = changeable(visibleFile(id, emulator, grant), emulator);
  const changed = movedFile(changedFile(file, metadata, emulator, grant), query, emulator, grant);
  emulator.store.saveFile(changed);
  return fileAnswer(changed, exchange);
}

/** Deletes for good, with everything inside a folder. */
export function remove(exchange: GrantedExchange, id: string): Answer {
  const { emulator, grant } = exchange;
  removeTree(changeable(visibleFile(id, emulator, grant), emulator), emulator);
  return emptyAnswer(204);
}

export function emptyTrash({ emulator }: GrantedExchange): Answer {
  for (const file of [...emulator.store.files.values()]) {
    if (isTrashed(file, emulator)) {
      emulator.store.removeFile(file.id);
    }
  }
  return emptyAnswer(204);
}

export function generateIds({ emulator, query }: GrantedExchange): Answer {
  const count = Number(query.get('count') ?? 10);
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    throw invalidParameter(
      'count',
      `Invalid value '${query.get('count')}'. Values must be within the range: [1, 1000]`,
    );
  }
  const space = query.get('space') ?? 'drive';
  if (space !== 'drive') {
    throw invalidParameter('space', `The emulator has no space "${space}".`, 'invalid');
  }
  const ids = Array.from({ length: count }, () => emulator.newId());
  emulator.store.rememberIds(ids);
  return maskedAnswer({ kind: 'drive#generatedIds', space, ids }, query.get('fields'), '*', IDS_SCHEMA);
}

export function about({ emulator, query }: GrantedExchange): Answer {
  const fields = query.get('fields');
  if (!fields) {
    throw apiRefusal(400, {
      reason: 'required',
      message: "The 'fields' parameter is required for this method.",
      location: 'fields',
    });
  }
  const { used, trashed } = storageUsage(emulator);
  const limit = emulator.settings.storageLimitBytes;
  const storageQuota = {
    ...(limit !== null && { limit: String(limit) }),
    usage: String(used),
    usageInDrive: String(used),
    usageInDriveTrash: String(trashed),
  };
  const value = { kind: 'drive#about', user: OWNER, storageQuota, maxUploadSize: String(5 * 1024 ** 4) };
  return maskedAnswer(value, fields, '*', ABOUT_SCHEMA);
}

export function fileAnswer(file: StoredFile, exchange: GrantedExchange): Answer {
  const resource = answeredResource(file, exchange);
  return maskedAnswer(resource, exchange.query.get('fields'), DEFAULT_FILE_FIELDS, FILE_SCHEMA);
}

async function metadataOf({ request, noted }: GrantedExchange): Promise<Record<string, unknown>> {
  const metadata = parseJsonObject((await readBody(request)).toString('utf8'));
  noted.metadata = metadata;
  return metadata;
}

function changeable(file: StoredFile, emulator: Emulator): StoredFile {
  if (file.id === emulator.store.rootId) {
    throw apiRefusal(403, {
      reason: 'insufficientFilePermissions',
      message: 'The user does not have sufficient permissions for this file.',
    });
  }
  return file;
}

function removeTree(file: StoredFile, emulator: Emulator): void {
  for (const child of [...emulator.store.files.values()]) {
    if (child.parents.includes(file.id)) {
      removeTree(child, emulator);
    }
  }
  emulator.store.removeFile(file.id);
}
