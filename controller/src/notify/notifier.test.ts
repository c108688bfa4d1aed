// Who is told what, and when; and what happens when a service does not listen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ended, failed, listen, noLog } from '../../testing/listener.ts';
import type { EndedRun } from './news.ts';

const heard = listen();

test('a webhook is told once when it fails and once when it works again', async () => {
  const news = heard.notifier([heard.webhook()]);

  for (const change of [{}, failed, failed, failed, {}, {}]) await news.ended(ended(change), noLog);

  const told = heard.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
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
  const news = heard.notifier([heard.webhook({ on: ['success'] })]);

  for (const change of [{}, failed, {}, {}]) await news.ended(ended(change), noLog);

  assert.equal(heard.requests.length, 2);
});

test('a target is told of its own jobs alone, and each job fails for itself', async () => {
  const news = heard.notifier([heard.webhook({ jobs: ['drill-b'] })]);

  await news.ended(ended(failed), noLog);
  await news.ended(ended({ ...failed, kind: 'drill' }), noLog);

  assert.equal(heard.requests.length, 1);
  assert.match(heard.requests[0]!.body, /drill b FAILED/);
});

test('a service that is briefly down is tried again', async () => {
  heard.answers = [503, 429];

  await heard.notifier([heard.webhook()]).ended(ended(failed), noLog);

  assert.equal(heard.requests.length, 3);
  assert.deepEqual(heard.logged, []);
});

for (const [name, given, tries, reason] of [
  ['is down', [500, 500, 500], 3, /it answered 500/],
  ['refuses', [404], 1, /it answered 404/],
  ['never answers', ['never', 'never', 'never'], 3, /no answer within/],
] as const) {
  test(`a service that ${name} is a warning, which names neither its address nor its answer`, async () => {
    heard.answers = [...given];

    await heard.notifier([heard.webhook()], 200).ended(ended(failed), noLog);

    assert.equal(heard.requests.length, tries);
    assert.match(heard.logged.join(''), reason);
    assert.doesNotMatch(heard.logged.join(''), /secret"|hook\/|canary-answer/);
  });
}

test('a target whose file is missing, empty or no address is a warning, and the others are told', async () => {
  const bad = [
    { kind: 'webhook', urlFile: 'absent' },
    { kind: 'webhook', urlFile: heard.secretFile('empty', '') },
    { kind: 'webhook', urlFile: heard.secretFile('path', '/etc/passwd') },
    { kind: 'webhook', urlFile: heard.secretFile('file', 'file:///etc/passwd') },
  ];

  await heard.notifier([...bad, heard.webhook()]).ended(ended(failed), noLog);

  assert.equal(heard.requests.length, 1);
  assert.equal(heard.logged.length, 4);
});

test('a job that did not run is told once, and its next success is a recovery', async () => {
  const news = heard.notifier([heard.webhook()]);
  const since = new Date('2026-11-26T03:00:00Z');

  await news.overdue('backup-b', since);
  await news.overdue('backup-b', since);
  await news.ended(ended(), noLog);

  assert.deepEqual(
    heard.requests.map(({ body }) => (JSON.parse(body) as { title: string }).title),
    ['haven: backup b is OVERDUE', 'haven: backup b works again'],
  );
});

test('the test tries every target once and says which took it', async () => {
  heard.answers = [200, 503];

  const tried = await heard.notifier([heard.webhook(), heard.webhook()]).test();

  assert.deepEqual(tried.map(({ ok }) => ok).sort(), [false, true]);
  assert.equal(heard.requests.length, 2);
});

test('what has become too old is told once, even of a job whose failure is known, and again only after it was young', async () => {
  const news = heard.notifier([heard.webhook()]);
  const newest = '2026-11-20T03:00:00.000Z';

  await news.ended(ended(failed), noLog);
  await news.aged('backup-b', false, newest);
  await news.aged('backup-b', true, newest);
  await news.aged('backup-b', true, newest);
  await news.ended(ended(), noLog);
  await news.aged('backup-b', false, newest);
  await news.aged('backup-b', true, null);

  const told = heard.requests.map(
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
