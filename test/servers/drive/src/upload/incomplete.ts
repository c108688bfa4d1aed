/** 308 Resume Incomplete: how far the upload is, by what is on disk. */
import type { Exchange } from '../exchange.ts';
import { wrongMd5 } from '../files/resource.ts';
import { type Answer, emptyAnswer } from '../http/answer.ts';
import type { UploadSession } from '../state/records.ts';

export async function incompleteAnswer(exchange: Exchange, session: UploadSession): Promise<Answer> {
  const { emulator, faults, request } = exchange;
  const persisted = emulator.store.blobSize(session.blob);
  const headers: Record<string, string> = { 'X-GUploader-UploadID': session.id };
  if (persisted > 0 && !faults.take('308-without-range')) {
    headers.Range = `bytes=0-${persisted - 1}`;
    Object.assign(headers, await runningMd5(exchange, session));
  }
  // Clients behind proxies that know no 308 ask for another spelling.
  if (request.headers['x-guploader-no-308'] === 'yes') {
    return emptyAnswer(200, { ...headers, 'X-HTTP-Status-Code-Override': '308' });
  }
  return { ...emptyAnswer(308, headers), reason: 'Resume Incomplete' };
}

async function runningMd5(
  { emulator, faults }: Exchange,
  session: UploadSession,
): Promise<Record<string, string>> {
  const mode = emulator.settings.xRangeMd5;
  if (mode === 'off') {
    return {};
  }
  const { md5 } = (await emulator.uploads.digestsOf(session.blob)).soFar();
  const wrong = mode === 'wrong' || faults.take('wrong-md5-header') !== undefined;
  return { 'X-Range-MD5': wrong ? wrongMd5(md5) : md5 };
}
