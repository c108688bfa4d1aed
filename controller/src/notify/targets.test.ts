// Every kind of target, told by real HTTP and a real SMTP server.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { SMTPServer } from 'smtp-server';
import { ended, failed, listen, noLog } from '../../testing/listener.ts';

const heard = listen();

test('healthchecks: a ping at the start, one with the exit status at the end, both of one run', async () => {
  const urlFile = heard.secretFile('ping', `http://127.0.0.1:${heard.port}/ping/uuid`);
  const news = heard.notifier([{ kind: 'healthchecks', urlFile }]);

  await news.started({ run: 'r-1', kind: 'backup', strategy: 'b' });
  await news.ended(ended(failed), noLog);

  const paths = heard.requests.map(({ path }) => path.split('?'));
  assert.deepEqual(
    paths.map(([path]) => path),
    ['/ping/uuid/start', '/ping/uuid/21'],
  );
  assert.match(paths[0]![1]!, /^rid=[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(paths[0]![1], paths[1]![1]);
});

test('healthchecks: the log goes along only when that is asked for', async () => {
  const log = join(heard.folder, 'log.txt');
  writeFileSync(log, 'what happened');
  const urlFile = heard.secretFile('ping', `http://127.0.0.1:${heard.port}/ping`);

  await heard.notifier([{ kind: 'healthchecks', urlFile }]).ended(ended(), log);
  await heard.notifier([{ kind: 'healthchecks', urlFile, log: true }]).ended(ended(), log);

  assert.deepEqual(
    heard.requests.map(({ body }) => body),
    ['', 'what happened'],
  );
});

test('uptime kuma: up or down at every run, with its time, and what the address had already', async () => {
  const news = heard.notifier([
    {
      kind: 'uptime-kuma',
      urlFile: heard.secretFile('kuma', `http://127.0.0.1:${heard.port}/api/push/k?x=1`),
    },
  ]);

  await news.ended(ended(), noLog);
  await news.ended(ended(failed), noLog);
  await news.ended(ended(failed), noLog);

  assert.deepEqual(
    heard.requests.map(({ method, path }) => `${method} ${path}`),
    [
      'GET /api/push/k?x=1&status=up&msg=ok&ping=600000',
      'GET /api/push/k?x=1&status=down&msg=store-full&ping=600000',
      'GET /api/push/k?x=1&status=down&msg=store-full&ping=600000',
    ],
  );
});

test('ntfy: title, priority and token', async () => {
  const urlFile = heard.secretFile('topic', `http://127.0.0.1:${heard.port}/topic`);
  const tokenFile = heard.secretFile('token', 'tk_canary');

  await heard.notifier([{ kind: 'ntfy', urlFile, tokenFile }]).ended(ended(failed), noLog);

  const { headers, body } = heard.requests[0]!;
  assert.equal(headers.title, 'haven: backup b FAILED');
  assert.equal(headers.priority, 'high');
  assert.equal(headers.authorization, 'Bearer tk_canary');
  assert.match(body, /The store is full/);
});

test('apprise: title, body and type', async () => {
  const urlFile = heard.secretFile('apprise', `http://127.0.0.1:${heard.port}/notify/key`);

  await heard.notifier([{ kind: 'apprise', urlFile }]).ended(ended(failed), noLog);

  const { path, body } = heard.requests[0]!;
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
    passwordFile: heard.secretFile('mail', 'canary-password'),
    from: 'haven@example.org',
    to: ['owner@example.org'],
  };

  await heard.notifier([smtp]).ended(ended(failed), noLog);

  assert.deepEqual(heard.logged, []);
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

  const [tried] = await heard
    .notifier([{ kind: 'smtp', host: '127.0.0.1', port: mailPort, ...addresses }])
    .test();

  assert.equal(tried?.ok, false);
  assert.match(tried.reason ?? '', /did not take it/);
});
