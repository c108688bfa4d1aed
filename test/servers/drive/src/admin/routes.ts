/** The admin surface, /_emulator/ on the plain HTTP port only. Described in README.md. */

import type { IncomingMessage } from 'node:http';
import type { Emulator } from '../exchange.ts';
import { FAULTS, REQUEST_CLASSES } from '../faults/catalogue.ts';
import { type Answer, emptyAnswer, jsonAnswer, textAnswer } from '../http/answer.ts';
import { Refusal } from '../http/refusal.ts';
import { parseJsonObject, readBody } from '../http/request-body.ts';
import { DRIVE_FILE_SCOPE } from '../oauth/accounts.ts';
import { changeSettings } from '../settings.ts';
import { CORRUPTIONS, corruptFile } from './corrupt.ts';
import { storedFiles } from './stored-files.ts';

export const ADMIN_PREFIX = '/_emulator/';

type Body = Record<string, unknown>;
type AdminHandler = (emulator: Emulator, body: Body, query: URLSearchParams) => Answer | Promise<Answer>;

const ROUTES: Record<string, AdminHandler> = {
  'GET health': () => jsonAnswer({ status: 'ok' }),
  'GET ca.pem': ({ caPem }) => textAnswer(caPem, 200, 'application/x-pem-file'),
  'GET faults': ({ faults }) => jsonAnswer({ remaining: faults.remaining() }),
  'POST faults': ({ faults }, body) => jsonAnswer(faults.plan(body), 201),
  'DELETE faults': ({ faults }) => {
    faults.clear();
    return emptyAnswer(204);
  },
  'GET catalogue': ({ settings }) =>
    jsonAnswer({
      faults: Object.keys(FAULTS),
      classes: REQUEST_CLASSES,
      settings: Object.keys(settings),
      corruptions: CORRUPTIONS,
    }),
  'GET settings': ({ settings }) => jsonAnswer(settings),
  'POST settings': (emulator, body) => {
    emulator.saveSettings(changeSettings(emulator.settings, body));
    return jsonAnswer(emulator.settings);
  },
  'GET clock': ({ clock }) =>
    jsonAnswer({ now: new Date(clock.now()).toISOString(), offsetMs: clock.offsetMs() }),
  'POST clock': (emulator, body) => {
    const seconds = body.advanceSeconds;
    if (typeof seconds !== 'number') {
      throw new Error('POST clock takes {"advanceSeconds": number}');
    }
    emulator.clock.advance(seconds * 1000);
    emulator.saveClock();
    return jsonAnswer({
      now: new Date(emulator.clock.now()).toISOString(),
      offsetMs: emulator.clock.offsetMs(),
    });
  },
  'GET requests': requests,
  'DELETE requests': ({ log }) => {
    log.clear();
    return emptyAnswer(204);
  },
  'GET files': async (emulator) => jsonAnswer({ files: await storedFiles(emulator) }),
  'POST ids': allowIds,
  'POST clients': addClient,
  'POST revoke': ({ accounts }, body) => {
    const token = body.refreshToken;
    const revoked =
      typeof token === 'string' ? Number(accounts.revokeRefreshToken(token)) : accounts.revokeAll();
    return jsonAnswer({ revoked });
  },
  'POST expire-access-tokens': ({ accounts }) => jsonAnswer({ expired: accounts.expireAccessTokens() }),
  'POST device': decideDevice,
};

/** For files that are brought along from another Drive, whose ids others of them name. */
function allowIds({ store }: Emulator, { ids }: Body): Answer {
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string' && /^[\w-]+$/.test(id))) {
    throw new Error('POST ids takes {"ids": [string]}');
  }
  store.rememberIds(ids);
  return emptyAnswer(204);
}

/** Given an admin request, return its answer; whatever is wrong with it is said in `error`. */
export async function admin(emulator: Emulator, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://drive');
  const what = url.pathname.slice(ADMIN_PREFIX.length);
  const line = `${request.method} ${what}`;
  try {
    const body = parseJsonObject((await readBody(request)).toString('utf8'));
    const corrupt = /^POST files\/([\w-]+)\/corrupt$/.exec(line);
    if (corrupt) {
      return jsonAnswer(await corruptFile(emulator, corrupt[1]!, body));
    }
    if (!Object.hasOwn(ROUTES, line)) {
      return jsonAnswer({ error: `no such admin call: ${line}`, known: Object.keys(ROUTES) }, 404);
    }
    return await ROUTES[line]!(emulator, body, url.searchParams);
  } catch (error) {
    return error instanceof Refusal ? error.answer : jsonAnswer({ error: (error as Error).message }, 400);
  }
}

async function requests({ log }: Emulator, _body: Body, query: URLSearchParams): Promise<Answer> {
  const wanted = query.get('class');
  const found = [];
  for await (const {
    at,
    method,
    url,
    class: narrowest,
    classes,
    status,
    bodyBytes,
    faults,
  } of log.entries()) {
    if (wanted === null || (classes as string[]).includes(wanted)) {
      found.push({ at, method, path: url.split('?')[0], class: narrowest, status, bodyBytes, faults });
    }
  }
  return jsonAnswer({ count: found.length, requests: found });
}

function addClient({ accounts }: Emulator, body: Body): Answer {
  const { clientId, clientSecret, refreshTokens = [], scope = DRIVE_FILE_SCOPE } = body;
  const valid = typeof clientId === 'string' && typeof clientSecret === 'string' && typeof scope === 'string';
  if (!valid || !Array.isArray(refreshTokens)) {
    throw new Error('POST clients takes {"clientId", "clientSecret", "refreshTokens"?: [], "scope"?}');
  }
  accounts.addClient(clientId, clientSecret);
  for (const token of refreshTokens) {
    accounts.addRefreshToken(String(token), { clientId, scope });
  }
  return jsonAnswer({ clientId, refreshTokens: refreshTokens.length }, 201);
}

function decideDevice({ accounts }: Emulator, body: Body): Answer {
  const { userCode, decision } = body;
  if (typeof userCode !== 'string' || (decision !== 'approved' && decision !== 'denied')) {
    throw new Error('POST device takes {"userCode", "decision": "approved" | "denied"}');
  }
  if (!accounts.decideDevice(userCode, decision)) {
    throw new Error(`no device login waits with the code ${userCode}`);
  }
  return jsonAnswer({ userCode, decision });
}
