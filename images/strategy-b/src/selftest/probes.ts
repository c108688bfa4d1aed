// The uploads of the self-test: a few of 256 KiB chunks, each made to show what Google's documents leave open.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../drive/errors.ts';
import { parseRange, sessionUri } from '../drive/session.ts';
import type { Clock } from '../surroundings.ts';
import { type Exchange, redacted, type Seen } from './exchange.ts';
import { type Observation, observation, type Question } from './observation.ts';

export const K = 256 * 1024;

export interface Probing {
  exchange: Exchange;
  rootUrl: string;
  /** Marks our files, in name and appProperties: nothing else is ever touched. */
  mark: string;
  content: Buffer;
  clock: Clock;
  stop: AbortSignal;
  note(observation: Observation): void;
}

export const property = 'haven-selftest';

/** One file in three chunks: persisted, asked, sent again, cut off, finished, listed. */
export async function probeUpload(probing: Probing, id: string): Promise<void> {
  const { content, note } = probing;
  const session = await start(probing, id, 3 * K);
  const first = await chunk(probing, session, 0, K, 3 * K);
  note(saw('chunk-md5', md5Of(first, content.subarray(0, K)), first));
  const status = await query(probing, session);
  note(saw('status-md5', md5Of(status, content.subarray(0, K)), status));
  const again = await chunk(probing, session, 0, K, 3 * K);
  note(saw('resent-range', `HTTP ${again.status}, ${persisted(again)} bytes persisted`, again));

  await cutOff(probing, session);
  const after = await query(probing, session);
  const kept = persisted(after);
  note(
    saw(
      'granularity',
      kept % K === 0 ? 'whole multiples of 256 KiB are kept' : `${kept} bytes are persisted`,
      after,
    ),
  );

  const end = await chunk(probing, session, kept, 3 * K, 3 * K);
  note(saw('checksums-at-once', checksums(end, content), end));
  const late = await query(probing, session);
  const whole = late.status === 200 && field(late.data, 'id') === id;
  note(saw('status-after-end', `HTTP ${late.status}${whole ? ' with the file' : ''}`, late));
}

/** How long a new file is missing from listings: both kinds are asked in turns, so that neither waits for the other. */
export async function probeListing(
  { exchange, rootUrl, mark, clock, stop, note }: Probing,
  waitMs: number,
): Promise<void> {
  const open = new Map<Question, string>([
    ['list-by-property', `appProperties has { key='${property}' and value='${mark}' }`],
    ['list-by-name', `name = '${nameOf(mark)}'`],
  ]);
  const began = clock.now();
  for (let tries = 1; open.size > 0; tries += 1) {
    for (const [id, q] of [...open]) {
      const url = new URL(`drive/v3/files?${new URLSearchParams({ q, fields: 'files(id)' })}`, rootUrl).href;
      const listed = await exchange.send({ method: 'GET', url });
      const files = field(listed.data, 'files');
      const waited = clock.now() - began;
      const found = Array.isArray(files) && files.length > 0;
      if (!found && waited < waitMs) continue;
      const when = tries === 1 ? 'at once' : `after ${Math.ceil(waited / 1000)} s`;
      note(saw(id, found ? when : `not within ${Math.ceil(waited / 1000)} s`, listed));
      open.delete(id);
    }
    if (open.size > 0) await clock.sleep(1000, stop);
  }
}

export async function probeIdInUse(probing: Probing, id: string): Promise<void> {
  const started = await begin(probing, id, K);
  if (started.status !== 200) {
    probing.note(saw('id-in-use', `HTTP ${started.status} at the start`, started));
    return;
  }
  const end = await chunk(probing, uriIn(started, probing.rootUrl), 0, K, K);
  probing.note(saw('id-in-use', `HTTP ${end.status} at the end`, end));
}

/** A file of unknown length, with a gap in the middle; what is left of the session is ended by its length. */
export async function probeGap(probing: Probing, id: string): Promise<void> {
  let session = await start(probing, id);
  await chunk(probing, session, 0, K, '*');
  const gap = await chunk(probing, session, 2 * K, 3 * K, '*');
  const life = await query(probing, session);
  probing.note(saw('gap', `HTTP ${gap.status}; ${lifeOf(life)}`, gap));
  if (life.status !== 308) {
    session = await start(probing, id);
    await chunk(probing, session, 0, K, '*');
  }
  const bytes = life.status === 308 ? persisted(life) : K;
  const end = await put(probing, session, `bytes */${bytes}`);
  probing.note(
    saw(
      'total-equals-persisted',
      `HTTP ${end.status}${end.status === 200 ? ', the file is finished' : ''}`,
      end,
    ),
  );
}

export async function probeSmallChunk(probing: Probing, id: string): Promise<void> {
  const session = await start(probing, id, 2 * K);
  const small = await chunk(probing, session, 0, 1000, 2 * K);
  probing.note(saw('small-chunk', `HTTP ${small.status}; ${lifeOf(await query(probing, session))}`, small));
}

export async function probeCancel(probing: Probing, id: string): Promise<void> {
  const session = await start(probing, id, K);
  const cancelled = await probing.exchange.send({
    method: 'DELETE',
    url: session,
    headers: { 'Content-Length': '0' },
  });
  probing.note(
    saw('cancel', `HTTP ${cancelled.status}; ${lifeOf(await query(probing, session))}`, cancelled),
  );
}

export function nameOf(mark: string): string {
  return `haven-selftest-${mark}`;
}

function begin({ exchange, rootUrl, mark }: Probing, id: string, total?: number): Promise<Seen> {
  const fields = 'id,size,md5Checksum,sha256Checksum';
  return exchange.send({
    method: 'POST',
    url: new URL(`upload/drive/v3/files?uploadType=resumable&fields=${fields}`, rootUrl).href,
    headers: total === undefined ? {} : { 'X-Upload-Content-Length': String(total) },
    data: {
      id,
      name: nameOf(mark),
      mimeType: 'application/octet-stream',
      appProperties: { [property]: mark },
    },
  });
}

async function start(probing: Probing, id: string, total?: number): Promise<string> {
  return uriIn(await begin(probing, id, total), probing.rootUrl);
}

function uriIn(seen: Seen, rootUrl: string): string {
  const location = seen.headers.get('location');
  if (seen.status !== 200 || location === null)
    throw new StoreError('refused', `no session was given (HTTP ${seen.status})`);
  return sessionUri(location, rootUrl);
}

function chunk(
  probing: Probing,
  session: string,
  from: number,
  to: number,
  total: number | '*',
): Promise<Seen> {
  return put(probing, session, `bytes ${from}-${to - 1}/${total}`, probing.content.subarray(from, to));
}

function query(probing: Probing, session: string): Promise<Seen> {
  return put(probing, session, 'bytes */*');
}

function put({ exchange }: Probing, url: string, range: string, data?: Buffer): Promise<Seen> {
  return exchange.send({
    ...{ method: 'PUT', url },
    headers: { 'Content-Range': range, 'Content-Length': String(data?.length ?? 0) },
    ...(data === undefined ? {} : { data }),
  });
}

/** Sends 300 of 512 KiB and hangs up. */
async function cutOff({ exchange, content }: Probing, session: string): Promise<void> {
  async function* half(): AsyncGenerator<Buffer> {
    yield content.subarray(K, K + 300 * 1024);
    await sleep(500); // so that the bytes are on their way when the line is cut
    throw new Error('cut off on purpose');
  }
  const headers = { 'Content-Range': `bytes ${K}-${3 * K - 1}/${3 * K}`, 'Content-Length': String(2 * K) };
  await exchange
    .send({ method: 'PUT', url: session, headers, data: Readable.from(half(), { objectMode: false }) })
    .catch(
      () => {}, // no answer is what was wanted; the status query that follows tells
    );
}

function saw(id: Question, text: string, { status, headers }: Seen): Observation {
  return observation(id, text, { status, headers: redacted(headers) });
}

function persisted({ headers }: Seen): number {
  return parseRange(headers.get('range')) ?? 0;
}

function lifeOf({ status }: Seen): string {
  return status === 308 ? 'the session lives on' : `the session is dead (HTTP ${status})`;
}

function md5Of({ headers }: Seen, bytes: Buffer): string {
  const given = headers.get('x-range-md5');
  if (given === null) return 'missing';
  return given.toLowerCase() === hash('md5', bytes) ? 'there, equal to ours' : 'there, NOT equal to ours';
}

function checksums({ status, data }: Seen, content: Buffer): string {
  if (status !== 200 && status !== 201) return `HTTP ${status}`;
  const given = (['md5', 'sha256'] as const).filter((kind) => field(data, `${kind}Checksum`) !== undefined);
  const equal = given.every((kind) => field(data, `${kind}Checksum`) === hash(kind, content));
  if (given.length === 0) return 'none';
  return `${given.join(' and ')}, ${equal ? 'equal to ours' : 'NOT equal to ours'}`;
}

function hash(kind: 'md5' | 'sha256', bytes: Buffer): string {
  return createHash(kind).update(bytes).digest('hex');
}

function field(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null ? (from as Record<string, unknown>)[name] : undefined;
}
