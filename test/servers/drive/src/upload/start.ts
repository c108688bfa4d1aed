/** uploadType=resumable without upload_id: opens a session. Nothing of it can be seen in Drive. */
import type { GrantedExchange } from '../exchange.ts';
import { checkMask } from '../files/masked.ts';
import { changedFile, newFile } from '../files/metadata.ts';
import { checkQuota } from '../files/quota.ts';
import { visibleFile } from '../files/resource.ts';
import { FILE_SCHEMA } from '../files/schema.ts';
import { type Answer, emptyAnswer } from '../http/answer.ts';
import { apiRefusal, Refusal } from '../http/refusal.ts';
import { parseJsonObject, readBody } from '../http/request-body.ts';
import type { UploadSession } from '../state/records.ts';

export async function startUpload(exchange: GrantedExchange, updates?: string): Promise<Answer> {
  const { emulator, request, query, grant, noted } = exchange;
  const body = (await readBody(request)).toString('utf8');
  if (body.trim() !== '' && !/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw apiRefusal(400, {
      reason: 'badContent',
      message: `Unsupported content with type: ${request.headers['content-type'] ?? ''}`,
    });
  }
  const metadata = parseJsonObject(body);
  noted.metadata = metadata;
  checkMask(query.get('fields'), FILE_SCHEMA);
  const declaredTotal = lengthOf(request.headers['x-upload-content-length']);
  checkQuota(emulator, declaredTotal ?? 0);
  checkMetadata(exchange, metadata, updates);

  const contentType = request.headers['x-upload-content-type'];
  const now = emulator.clock.now();
  const session: UploadSession = {
    id: `AHmU${emulator.newId()}`,
    blob: emulator.newId(),
    clientId: grant.clientId,
    scope: grant.scope,
    ...(updates !== undefined && { updates }),
    metadata,
    query: Object.fromEntries(query),
    ...(typeof contentType === 'string' && { contentType }),
    ...(declaredTotal !== undefined && { declaredTotal }),
    ...(query.get('fields') && { fields: query.get('fields')! }),
    createdAt: now,
    usedAt: now,
    state: 'open',
  };
  emulator.store.createBlob(session.blob);
  emulator.store.saveSession(session);
  return emptyAnswer(200, { Location: sessionUri(exchange, session), 'X-GUploader-UploadID': session.id });
}

function sessionUri({ request, path }: GrantedExchange, session: UploadSession): string {
  const scheme = 'encrypted' in request.socket ? 'https' : 'http';
  const uri = new URL(path, `${scheme}://${request.headers.host ?? 'www.googleapis.com'}`);
  uri.search = new URLSearchParams({
    ...session.query,
    uploadType: 'resumable',
    upload_id: session.id,
  }).toString();
  return uri.href;
}

/** Bad metadata is refused at once; a used id at once or only at the finish, as the setting says. */
function checkMetadata(
  { emulator, grant }: GrantedExchange,
  metadata: Record<string, unknown>,
  updates?: string,
): void {
  try {
    if (updates === undefined) {
      newFile(metadata, emulator, grant);
    } else {
      changedFile(visibleFile(updates, emulator, grant), metadata, emulator, grant);
    }
  } catch (error) {
    const late = emulator.settings.idConflictAt === 'finish';
    if (!(late && error instanceof Refusal && error.answer.status === 409)) {
      throw error;
    }
  }
}

function lengthOf(header: string | string[] | undefined): number | undefined {
  if (header === undefined) {
    return undefined;
  }
  const length = Number(header);
  if (!/^\d+$/.test(String(header)) || !Number.isSafeInteger(length)) {
    throw apiRefusal(400, { reason: 'badRequest', message: 'Invalid X-Upload-Content-Length header.' });
  }
  return length;
}
