// News to one target, in the form that it takes. Throws when it was not taken.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { News } from './news.ts';
import { address, type Patience, post } from './post.ts';
import { sendMail } from './smtp.ts';
import type { Target, TargetOf } from './targets.ts';

/** Given the folder of secrets and a file's name, return its first line; throws when it is not there or empty. */
export function secret(folder: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(join(folder, file), 'utf8');
  } catch {
    throw new Error(`the file ${join(folder, file)} cannot be read`);
  }
  const line = text.split('\n')[0]!.trim();
  if (line === '') throw new Error(`the file ${join(folder, file)} is empty`);
  return line;
}

export type Alerted = Exclude<Target, { kind: 'healthchecks' | 'uptime-kuma' }>;

export async function sendNews(
  target: Alerted,
  news: News,
  secrets: string,
  patience: Patience,
): Promise<void> {
  if (target.kind === 'smtp') {
    const password = target.passwordFile === undefined ? null : secret(secrets, target.passwordFile);
    return await sendMail(target, password, news, patience.timeoutMs);
  }
  const url = secret(secrets, target.urlFile);
  if (target.kind === 'ntfy') return await ntfy(target, url, news, secrets, patience);
  const { title, text, occasion } = news;
  const body =
    target.kind === 'apprise' ? { title, body: text, type: appriseType[occasion] } : { version: 1, ...news };
  await post({ url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }, patience);
}

/** https://docs.ntfy.sh/publish/ */
async function ntfy(
  { tokenFile }: TargetOf<'ntfy'>,
  url: string,
  { title, text, occasion }: News,
  secrets: string,
  patience: Patience,
): Promise<void> {
  const headers: Record<string, string> = {
    title,
    priority: occasion === 'failure' ? 'high' : 'default',
    tags: occasion === 'failure' ? 'rotating_light' : 'white_check_mark',
  };
  if (tokenFile !== undefined) headers.authorization = `Bearer ${secret(secrets, tokenFile)}`;
  await post({ url, headers, body: text }, patience);
}

/** https://github.com/caronc/apprise-api: the four kinds that there are. */
const appriseType = { failure: 'failure', recovery: 'success', success: 'success', test: 'info' } as const;

/** https://github.com/louislam/uptime-kuma, monitor type Push. */
export async function pushKuma(
  url: string,
  push: { up: boolean; message: string; milliseconds: number },
  patience: Patience,
): Promise<void> {
  const at = address(url);
  at.searchParams.set('status', push.up ? 'up' : 'down');
  at.searchParams.set('msg', push.message);
  at.searchParams.set('ping', String(push.milliseconds));
  await post({ url: at.href, method: 'GET' }, patience);
}
