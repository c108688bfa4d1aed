// Every kind of target, told by real HTTP and a real SMTP server, and what happens when one of them does not listen.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { pino } from 'pino';
import { SMTPServer } from 'smtp-server';
import type { EndedRun, Health } from './news.ts';
import { createNotifier, type Notifier } from './notifier.ts';
import { Notify } from './targets.ts';

interface Request {
  method: string;
  path: string;
  headers: Record<string, unknown>;
  body: string;
}

let folder: string;
let server: Server;
let port: number;
let requests: Request[];
let answers: (number | 'never')[];
let logged: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'haven-notify-'));
  mkdirSync(join(folder, 'secrets'));
  requests = [];
  answers = [];
  logged = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url = '', headers } = request;
    requests.push({ method, path: url, headers, body });
    const status = answers.shift() ?? 200;
    if (status !== 'never') response.writeHead(status).end('canary-answer');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

function secretFile(name: string, text: string): string {
  writeFileSync(join(folder, 'secrets', name), `${text}\n`);
  return name;
}

function notifier(targets: object[], timeoutMs = 2000): Notifier {
  const healths = new Map<string, Health>();
  return createNotifier(Notify.parse({ targets }), {
    name: 'haven',
    secrets: join(folder, 'secrets'),
    healths: {
      healthOf: (job) => healths.get(job) ?? null,
      setHealth: (job, health) => void healths.set(job, health),
    },
    log: pino({ level: 'info' }, { write: (line: string) => void logged.push(line) }),
    now: () => new Date(),
    patience: { timeoutMs, waitsMs: [1, 1] },
  });
}

function ended(change: Partial<EndedRun> = {}): EndedRun {
  const times = { started: '2026-11-26T03:00:00.000Z', ended: '2026-11-26T03:10:00.000Z' };
  return {
    run: 'r-1',
    kind: 'backup',
    strategy: 'b',
    outcome: 'ok',
    exit: 0,
    code: null,
    ...times,
    ...change,
  };
}

const failed = { outcome: 'failed', exit: 21, code: 'store-full' } as const;
const noLog = '/nowhere/log.txt';

function webhook(more: object = {}): object {
  return { kind: 'webhook', urlFile: secretFile('hook', `http://127.0.0.1:${port}/hook/secret`), ...more };
}

test('healthchecks: a ping at the start, one with the exit status at the end, both of one run', async () => {
  const urlFile = secretFile('ping', `http://127.0.0.1:${port}/ping/uuid`);
  const news = notifier([{ kind: 'healthchecks', urlFile }]);

  await news.started({ run: 'r-1', kind: 'backup', strategy: 'b' });
  await news.ended(ended(failed), noLog);

  const paths = requests.map(({ path }) => path.split('?'));
  assert.deepEqual(
    paths.map(([path]) => path),
    ['/ping/uuid/start', '/ping/uuid/21'],
  );
  assert.match(paths[0]![1]!, /^rid=[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(paths[0]![1], paths[1]![1]);
});

test('healthchecks: the log goes along only when that is asked for', async () => {
  const log = join(folder, 'log.txt');
  writeFileSync(log, 'what happened');
  const urlFile = secretFile('ping', `http://127.0.0.1:${port}/ping`);

  await notifier([{ kind: 'healthchecks', urlFile }]).ended(ended(), log);
  await notifier([{ kind: 'healthchecks', urlFile, log: true }]).ended(ended(), log);

  assert.deepEqual(
    requests.map(({ body }) => body),
    ['', 'what happened'],
  );
});

test('uptime kuma: up or down at every run, with its time, and what the address had already', async () => {
  const news = notifier([
    { kind: 'uptime-kuma', urlFile: secretFile('kuma', `http://127.0.0.1:${port}/api/push/k?x=1`) },
  ]);

  await news.ended(ended(), noLog);
  await news.ended(ended(failed), noLog);
  await news.ended(ended(failed), noLog);

  assert.deepEqual(
    requests.map(({ method, path }) => `${method} ${path}`),
    [
      'GET /api/push/k?x=1&status=up&msg=ok&ping=600000',
      'GET /api/push/k?x=1&status=down&msg=store-full&ping=600000',
      'GET /api/push/k?x=1&status=down&msg=store-full&ping=600000',
    ],
  );
});

test('a webhook is told once when it fails and once when it works again', async () => {
  const news = notifier([webhook()]);

  for (const change of [{}, failed, failed, failed, {}, {}]) await news.ended(ended(change), noLog);

  const told = requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  assert.deepEqual(
    told.map(({ occasion, job }) => [occasion, job]),
    [
      ['failure', 'backup-b'],
      ['recovery', 'backup-b'],
    ],
  );
  assert.equal((told[0]!.run as EndedRun).exit, 21);
});

test('whoever wants every success gets it', async () => {
  const news = notifier([webhook({ on: ['success'] })]);

  for (const change of [{}, failed, {}, {}]) await news.ended(ended(change), noLog);

  assert.equal(requests.length, 2);
});

test('a target is told of its own jobs alone, and each job fails for itself', async () => {
  const news = notifier([webhook({ jobs: ['drill-b'] })]);

  await news.ended(ended(failed), noLog);
  await news.ended(ended({ ...failed, kind: 'drill' }), noLog);

  assert.equal(requests.length, 1);
  assert.match(requests[0]!.body, /drill b FAILED/);
});

test('ntfy: title, priority and token', async () => {
  const urlFile = secretFile('topic', `http://127.0.0.1:${port}/topic`);
  const tokenFile = secretFile('token', 'tk_canary');

  await notifier([{ kind: 'ntfy', urlFile, tokenFile }]).ended(ended(failed), noLog);

  const { headers, body } = requests[0]!;
  assert.equal(headers.title, 'haven: backup b FAILED');
  assert.equal(headers.priority, 'high');
  assert.equal(headers.authorization, 'Bearer tk_canary');
  assert.match(body, /The store is full/);
});

test('apprise: title, body and type', async () => {
  const urlFile = secretFile('apprise', `http://127.0.0.1:${port}/notify/key`);

  await notifier([{ kind: 'apprise', urlFile }]).ended(ended(failed), noLog);

  const { path, body } = requests[0]!;
  assert.equal(path, '/notify/key');
  assert.deepEqual(Object.keys(JSON.parse(body)).sort(), ['body', 'title', 'type']);
  assert.equal(JSON.parse(body).type, 'failure');
});

test('smtp: a mail from and to whom the configuration says, with the password of the file', async (context) => {
  const mails: string[] = [];
  const logins: string[] = [];
  const mail = new SMTPServer({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) => {
      logins.push(`${username} ${password}`);
      done(null, { user: username ?? '' });
    },
    onData: async (stream, _session, done) => {
      let text = '';
      for await (const chunk of stream) text += chunk;
      mails.push(text);
      done();
    },
  });
  await new Promise<void>((resolve) => void mail.listen(0, '127.0.0.1', () => resolve()));
  context.after(() => new Promise<void>((resolve) => mail.close(resolve)));
  const smtp = {
    kind: 'smtp',
    host: '127.0.0.1',
    port: (mail.server.address() as AddressInfo).port,
    security: 'none',
    user: 'haven',
    passwordFile: secretFile('mail', 'canary-password'),
    from: 'haven@example.org',
    to: ['owner@example.org'],
  };

  await notifier([smtp]).ended(ended(failed), noLog);

  assert.deepEqual(logged, []);
  assert.deepEqual(logins, ['haven canary-password']);
  assert.match(mails[0]!, /^Subject: haven: backup b FAILED\r$/m);
  assert.match(mails[0]!, /The store is full/);
});

test('smtp: without TLS nothing is said to a server, unless the owner wants it so', async (context) => {
  const mail = new SMTPServer({ disabledCommands: ['STARTTLS'], authOptional: true });
  await new Promise<void>((resolve) => void mail.listen(0, '127.0.0.1', () => resolve()));
  context.after(() => new Promise<void>((resolve) => mail.close(resolve)));
  const mailPort = (mail.server.address() as AddressInfo).port;
  const addresses = { from: 'haven@example.org', to: ['owner@example.org'] };

  const [tried] = await notifier([{ kind: 'smtp', host: '127.0.0.1', port: mailPort, ...addresses }]).test();

  assert.equal(tried?.ok, false);
  assert.match(tried.reason ?? '', /did not take it/);
});

test('a service that is briefly down is tried again', async () => {
  answers = [503, 429];

  await notifier([webhook()]).ended(ended(failed), noLog);

  assert.equal(requests.length, 3);
  assert.deepEqual(logged, []);
});

for (const [name, given, tries, reason] of [
  ['is down', [500, 500, 500], 3, /it answered 500/],
  ['refuses', [404], 1, /it answered 404/],
  ['never answers', ['never', 'never', 'never'], 3, /no answer within/],
] as const) {
  test(`a service that ${name} is a warning, which names neither its address nor its answer`, async () => {
    answers = [...given];

    await notifier([webhook()], 200).ended(ended(failed), noLog);

    assert.equal(requests.length, tries);
    assert.match(logged.join(''), reason);
    assert.doesNotMatch(logged.join(''), /secret"|hook\/|canary-answer/);
  });
}

test('a target whose file is missing, empty or no address is a warning, and the others are told', async () => {
  const bad = [
    { kind: 'webhook', urlFile: 'absent' },
    { kind: 'webhook', urlFile: secretFile('empty', '') },
    { kind: 'webhook', urlFile: secretFile('path', '/etc/passwd') },
    { kind: 'webhook', urlFile: secretFile('file', 'file:///etc/passwd') },
  ];

  await notifier([...bad, webhook()]).ended(ended(failed), noLog);

  assert.equal(requests.length, 1);
  assert.equal(logged.length, 4);
});

test('a job that did not run is told once, and its next success is a recovery', async () => {
  const news = notifier([webhook()]);
  const since = new Date('2026-11-26T03:00:00Z');

  await news.overdue('backup-b', since);
  await news.overdue('backup-b', since);
  await news.ended(ended(), noLog);

  assert.deepEqual(
    requests.map(({ body }) => (JSON.parse(body) as { title: string }).title),
    ['haven: backup b is OVERDUE', 'haven: backup b works again'],
  );
});

test('the test tries every target once and says which took it', async () => {
  answers = [200, 503];

  const tried = await notifier([webhook(), webhook()]).test();

  assert.deepEqual(tried.map(({ ok }) => ok).sort(), [false, true]);
  assert.equal(requests.length, 2);
});

test('what has become too old is told once, even of a job whose failure is known, and again only after it was young', async () => {
  const news = notifier([webhook()]);
  const newest = '2026-11-20T03:00:00.000Z';

  await news.ended(ended(failed), noLog);
  await news.aged('backup-b', false, newest);
  await news.aged('backup-b', true, newest);
  await news.aged('backup-b', true, newest);
  await news.ended(ended(), noLog);
  await news.aged('backup-b', false, newest);
  await news.aged('backup-b', true, null);

  const told = requests.map(
    ({ body }) => JSON.parse(body) as { occasion: string; title: string; text: string },
  );
  assert.deepEqual(
    told.map(({ occasion }) => occasion),
    ['failure', 'failure', 'recovery', 'failure'],
  );
  assert.match(told[1]!.title, /^haven: backup b is OVERDUE/);
  assert.match(told[1]!.text, /newest good one is of 2026-11-20T03:00/);
  assert.match(told[3]!.text, /There is no good one yet/);
});
