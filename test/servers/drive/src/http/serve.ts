/**
 * The life of one request: find its route, let the faults that are due have their way, answer, and write it into the journal.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Emulator, Exchange } from '../exchange.ts';
import { REFUSING_FAULTS, refusingAnswer } from '../faults/refusals.ts';
import { type Answer, jsonAnswer, textAnswer } from './answer.ts';
import { Refusal } from './refusal.ts';
import { bodyOf, drain } from './request-body.ts';
import { findRoute, type Route } from './routes.ts';

/** A stall is in the middle of these; of all else the answer waits. */
const stallingBodies = new Set(['upload-chunk', 'upload-simple', 'download']);

const NOT_FOUND_PAGE = '<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>';

export async function serve(
  emulator: Emulator,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://drive');
  const route = findRoute(request.method ?? '', url.pathname, url.searchParams, request.headers);
  const classes = route?.classes ?? ['any'];
  const gone = new AbortController();
  let wasCut = false;
  response.once('close', () => gone.abort());
  const exchange: Exchange = {
    emulator,
    request,
    path: url.pathname,
    query: url.searchParams,
    faults: emulator.faults.observe(classes),
    noted: { bodyBytes: 0 },
    cut() {
      wasCut = true;
      gone.abort();
      cutConnection(request.socket);
    },
    gone: gone.signal,
  };

  const answer = await answerTo(exchange, route);
  emulator.log.add({
    at: new Date(emulator.clock.now()).toISOString(),
    method: request.method ?? '',
    url: request.url ?? '',
    class: route ? classes[0]! : 'unknown',
    classes,
    status: wasCut ? 'cut' : answer.status,
    bodyBytes: exchange.noted.bodyBytes,
    faults: [...exchange.faults.taken],
    headers: withoutSecrets(request.headers),
    ...(exchange.noted.metadata !== undefined && { metadata: exchange.noted.metadata }),
  });
  if (!wasCut && !request.socket.destroyed) {
    await drain(request);
    await send(response, answer);
  }
}

async function answerTo(exchange: Exchange, route: Route | undefined): Promise<Answer> {
  const { emulator, faults } = exchange;
  try {
    if (faults.take('reset-before-body')) {
      exchange.cut();
      return textAnswer('', 499);
    }
    const refusing = faults.takeFirst(REFUSING_FAULTS);
    if (refusing) {
      return refusingAnswer(refusing.name, refusing.params, route?.classes.includes('upload') ?? false);
    }
    if (route?.classes.includes('upload-chunk') && emulator.line.chunkFails()) {
      for await (const piece of bodyOf(exchange.request)) {
        await emulator.line.travel(piece.length, exchange.gone);
      }
      return refusingAnswer('server-error-503', {}, true);
    }
    const bodyStalls = route?.classes.some((name) => stallingBodies.has(name));
    const stall = bodyStalls ? undefined : faults.take('stall');
    if (stall) {
      await sleep(Number(stall.seconds) * 1000, undefined, { signal: exchange.gone });
    }
    const answer = route
      ? await route.handle(exchange)
      : textAnswer(NOT_FOUND_PAGE, 404, 'text/html; charset=UTF-8');
    if (faults.take('answer-lost')) {
      exchange.cut();
    }
    return answer;
  } catch (error) {
    return failureAnswer(error, exchange);
  }
}

function failureAnswer(error: unknown, exchange: Exchange): Answer {
  if (error instanceof Refusal) {
    return error.answer;
  }
  if (exchange.gone.aborted) {
    return textAnswer('', 499);
  }
  process.stderr.write(`drive-emulator: a bug, not a planned fault: ${(error as Error).stack}\n`);
  const message = 'The emulator itself failed; see its stderr.';
  return jsonAnswer({ error: { errors: [{ reason: 'emulatorBug', message }], code: 500, message } }, 500);
}

export async function send(response: ServerResponse, answer: Answer): Promise<void> {
  response.writeHead(answer.status, answer.reason, answer.headers);
  if (typeof answer.body === 'object') {
    // A client that leaves in the middle of a download is no news.
    await pipeline(answer.body, response).catch(() => response.destroy());
    return;
  }
  response.end(answer.body);
}

/** A reset where TCP lets us; on TLS the peer sees the connection end in the middle. */
function cutConnection(socket: Socket): void {
  if ('encrypted' in socket) {
    socket.destroy();
  } else {
    socket.resetAndDestroy();
  }
}

function withoutSecrets(headers: IncomingMessage['headers']) {
  const { authorization, ...rest } = headers;
  return authorization === undefined ? rest : { ...rest, authorization: `${authorization.split(' ')[0]} …` };
}
