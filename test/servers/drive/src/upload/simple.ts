/** uploadType=multipart and uploadType=media: everything in one request, all or nothing. */
import type { GrantedExchange } from '../exchange.ts';
import { fileAnswer } from '../files/handlers.ts';
import { checkMask } from '../files/masked.ts';
import { newFile } from '../files/metadata.ts';
import { checkQuota } from '../files/quota.ts';
import { visibleFile } from '../files/resource.ts';
import { FILE_SCHEMA } from '../files/schema.ts';
import type { Answer } from '../http/answer.ts';
import { invalidParameter } from '../http/refusal.ts';
import { bodyOf, parseJsonObject } from '../http/request-body.ts';
import { finishUpload } from './finish.ts';
import { boundaryOf, type MultipartUpload, readMultipart } from './multipart-body.ts';
import { receiveBody } from './receive.ts';

export async function simpleUpload(exchange: GrantedExchange, updates?: string): Promise<Answer> {
  const { query, request } = exchange;
  checkMask(query.get('fields'), FILE_SCHEMA);
  const source = bodyOf(request);
  try {
    return await receive(exchange, await uploadOf(exchange, source), updates);
  } finally {
    // A body that nobody reads to its end would hold the answer back for ever.
    await source.return(undefined);
  }
}

async function receive(
  exchange: GrantedExchange,
  upload: MultipartUpload,
  updates?: string,
): Promise<Answer> {
  const { emulator, grant, query, request, noted } = exchange;
  const metadata = parseJsonObject(upload.metadata);
  noted.metadata = metadata;
  checkQuota(emulator, 0);
  if (updates === undefined) {
    newFile(metadata, emulator, grant);
  } else {
    visibleFile(updates, emulator, grant);
  }

  const blob = emulator.newId();
  emulator.store.createBlob(blob);
  const whole = query.get('uploadType') === 'media' ? request.headers['content-length'] : undefined;
  try {
    const { outcome } = await receiveBody(exchange, {
      blob,
      source: upload.media,
      skip: 0,
      ...(whole !== undefined && { expected: Number(whole) }),
    });
    if (outcome !== 'complete') {
      throw invalidParameter('body', 'The upload is incomplete.', 'badContent');
    }
    const file = await finishUpload(emulator, grant, {
      blob,
      metadata,
      query,
      ...(upload.contentType !== undefined && { contentType: upload.contentType }),
      ...(updates !== undefined && { updates }),
    });
    return fileAnswer(file, exchange);
  } catch (error) {
    emulator.store.removeBlob(blob);
    throw error;
  }
}

async function uploadOf(
  { query, request }: GrantedExchange,
  source: AsyncGenerator<Buffer>,
): Promise<MultipartUpload> {
  const contentType = request.headers['content-type'];
  switch (query.get('uploadType')) {
    case 'multipart':
      return readMultipart(source, boundaryOf(contentType));
    case 'media':
      return { metadata: '', contentType, media: source };
    default:
      throw invalidParameter(
        'uploadType',
        `Invalid upload type: ${query.get('uploadType') ?? ''}`,
        'invalid',
      );
  }
}
