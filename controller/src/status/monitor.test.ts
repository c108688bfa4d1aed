// What a monitor gets over HTTP, and that nothing it does harms the daemon.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { canary, datasetName, groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import { HavenError } from '../errors.ts';
import { type KitExport, kitNag, rememberExport } from '../kit/exported.ts';
import { recorded } from '../runs/recorded.ts';
import { strategyB } from '../strategies/b.ts';
import { type Monitor, startMonitor } from './monitor.ts';

const neverExported: KitExport = { state: 'never', at: null, form: null, outdated: ['b'] };

/** An app whose clock may be set, and a free port instead of the usual one. */
function prepare(context: TestContext, schedule?: string) {
  const ground = makeGround(context);
  ground.writeConfig(schedule === undefined ? {} : { schedule });
  const app = groundApp(context, ground);
  app.config.monitor = { enabled: true, address: '127.0.0.1', port: 0 };
  return app;
}

async function started(context: TestContext, app: App): Promise<Monitor & { url: string }> {
  const monitor = await startMonitor(app);
  context.after(() => monitor.close());
  return { ...monitor, url: `http://127.0.0.1:${monitor.port}` };
}

test('/healthz says what the exit status says: 200 while fresh, 503 once a backup is late', async (context) => {
  const app = prepare(context, '0 3 * * *');
  let now = new Date('2026-11-26T08:00:00Z');
  const { url } = await started(context, { ...app, now: () => now });

  const fresh = await fetch(`${url}/healthz`);
  now = new Date('2026-11-29T08:00:00Z');
  const overdue = await fetch(`${url}/healthz`);

  assert.deepEqual([fresh.status, overdue.status], [200, 503]);
  assert.match(await fresh.text(), /^fresh: Never proven restorable/);
  assert.match(await overdue.text(), /^overdue: .*The backup is overdue/);
});

test('/healthz nags about the kit as `haven status` does, and is no worse for it, until the kit was exported', async (context) => {
  const app = prepare(context);
  const { url } = await started(context, app);
  const ask = async () => {
    const answer = await fetch(`${url}/healthz`);
    return [answer.status, (await answer.text()).trimEnd().split('\n').slice(1)];
  };

  const before = await ask();
  await rememberExport(app, 'folder');
  const after = await ask();

  assert.deepEqual(before, [200, [kitNag(neverExported, app.now())]]);
  assert.deepEqual(after, [200, []]);
});

test('/metrics is for Prometheus, and names no dataset', async (context) => {
  const { url } = await started(context, prepare(context));

  const answer = await fetch(`${url}/metrics`);

  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  assert.match(text, /^haven_health\{level="unknown"\} 1$/m);
  assert.equal(text.includes(datasetName), false);
});

test('no answer holds a name or a word of an error, whatever is wrong', async (context) => {
  const app = prepare(context, '0 3 * * *');
  const gone = { dataset: datasetName, root: 'home', goneSince: '2026-11-20T03:00:00.000Z', leftOut: false };
  const last = { dataset: datasetName, root: 'home', goneSince: null, leftOut: false };
  writeFileSync(app.home.datasets.b, JSON.stringify({ home: gone, other: last }));
  const wrong = new HavenError({
    code: 'damaged',
    operation: 'audit',
    message: `of ${datasetName} in ${canary}`,
  });
  const fail = async () => {
    throw wrong;
  };
  for (const kind of ['backup', 'audit', 'drill'] as const)
    await recorded(app, { kind, strategy: strategyB, trigger: 'hand' }, fail);
  const { url } = await started(context, app);

  const answers = await Promise.all(
    ['healthz', 'metrics'].map(async (path) => await (await fetch(`${url}/${path}`)).text()),
  );

  assert.match(answers[0]!, /^damaged: /);
  assert.match(answers[1]!, /^haven_datasets_gone\{strategy="b"\} 1$/m);
  for (const answer of answers)
    for (const word of [datasetName, canary, app.home.root, 'tank', 'home'])
      assert.ok(!answer.includes(word), `${word} in ${answer}`);
});

test('everything else is refused, and says what there is', async (context) => {
  const { url } = await started(context, prepare(context));
  const ask = async (path: string, method = 'GET') => (await fetch(`${url}${path}`, { method })).status;

  assert.deepEqual(
    [await ask('/'), await ask('/../haven.yaml'), await ask('/healthz', 'POST'), await ask('/metrics?x=1')],
    [404, 404, 405, 200],
  );
});

test('a status that cannot be read is 500 without a word of why: the log has that', async (context) => {
  const app = prepare(context);
  const broken = {
    ...app.history,
    runs: () => {
      throw new Error('/var/lib/haven/history.db is malformed');
    },
  };
  const { url } = await started(context, { ...app, history: broken });

  const answer = await fetch(`${url}/healthz`);

  assert.equal(answer.status, 500);
  assert.doesNotMatch(await answer.text(), /malformed|history\.db/);
});

test('a port that is taken is an error in the log, and no failure of the daemon', async (context) => {
  const first = await started(context, prepare(context));
  const app = prepare(context);
  app.config.monitor.port = first.port!;
  const said: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => said.push(line) });

  const second = await startMonitor({ ...app, log });

  assert.equal(second.port, null);
  assert.match(said.join(''), /monitors cannot be answered.*/);
  assert.match(said.join(''), /EADDRINUSE/);
});

test('off is off', async (context) => {
  const app = prepare(context);
  app.config.monitor.enabled = false;

  assert.equal((await startMonitor(app)).port, null);
});

test('a request that is never finished does not keep the daemon from ending', async (context) => {
  const monitor = await startMonitor(prepare(context));
  const socket = connect(monitor.port!, '127.0.0.1');
  socket.on('error', () => {});
  context.after(() => socket.destroy());
  // Node's own close() waits for a request of which some has come.
  socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\r\nGET /met');
  await once(socket, 'data');

  await monitor.close();

  await assert.rejects(fetch(`http://127.0.0.1:${monitor.port}/healthz`));
});
