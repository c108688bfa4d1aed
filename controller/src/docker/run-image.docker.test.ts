// runImage against real containers of the no-op image: what Docker says that they may do, and what each way of ending comes to.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { docker, ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { canary, type Ground, makeGround } from '../../testing/ground.ts';
import type { ImageEvent } from '../contract/events.ts';
import type { Request } from '../contract/request.ts';
import { HavenError } from '../errors.ts';
import type { RunSpec } from './container-options.ts';
import { dockerEngine, type Engine } from './engine.ts';
import { type RunOptions, runImage } from './run-image.ts';

before(ensureNoop);

const engine = dockerEngine('/var/run/docker.sock');

function prepare(
  context: TestContext,
  script: unknown,
): { ground: Ground; spec: RunSpec; options: RunOptions } {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const folder = join(ground.folder, 'run');
  mkdirSync(folder);
  const request: Request = { contract: '1.0', verb: 'list', run: 'r-1', settings: { script } };
  writeFileSync(join(folder, 'request.json'), JSON.stringify(request), { mode: 0o644 });
  const spec: RunSpec = {
    image: 'haven/noop',
    part: 'strategy-b',
    strategy: 'b',
    verb: 'list',
    run: 'r-1',
    name: `${ground.name}-list`,
    home: ground.folder,
    network: 'none',
    zfsDevice: '/dev/zero',
    limits: { memory: 64 * 2 ** 20, pids: 50 },
    mounts: [
      { kind: 'file', from: join(folder, 'request.json'), to: '/haven/request.json' },
      { kind: 'file', from: join(ground.folder, 'secrets/b/passphrase'), to: '/run/secrets/passphrase' },
    ],
  };
  return { ground, spec, options: { signal: new AbortController().signal, maxSeconds: 60, folder } };
}

async function gone(name: string): Promise<boolean> {
  return (await docker('ps', '--all', '--quiet', '--filter', `name=^/${name}$`)) === '';
}

/** An engine that also keeps what `docker inspect` says of the container just before it starts. */
function inspecting(into: { text: string }): Engine {
  return {
    ...engine,
    async start(id) {
      into.text = await docker('inspect', id);
      await engine.start(id);
    },
  };
}

function given(events: ImageEvent[]): Record<string, string> {
  const note = events.find((event) => event.event === 'note') as { message: string } | undefined;
  return JSON.parse(note?.message ?? '{}') as Record<string, string>;
}

test('a container has the privileges of the contract, in Docker’s words and in its own', async (context) => {
  const { spec, options } = prepare(context, {});
  const seen = { text: '' };
  const events: ImageEvent[] = [];

  const run = await runImage(inspecting(seen), spec, { ...options, onEvent: (event) => events.push(event) });

  assert.equal(run.outcome, 'ok', run.error?.message);
  const [{ Config, HostConfig }] = JSON.parse(seen.text);
  assert.equal(Config.User, '1000:1000');
  assert.deepEqual(
    [HostConfig.CapDrop, HostConfig.CapAdd ?? [], HostConfig.Privileged],
    [['ALL'], [], false],
  );
  assert.deepEqual([HostConfig.ReadonlyRootfs, HostConfig.NetworkMode], [true, 'none']);
  assert.deepEqual([HostConfig.PidsLimit, HostConfig.Memory], [50, 64 * 2 ** 20]);
  assert.deepEqual(HostConfig.SecurityOpt, ['no-new-privileges']);
  assert.ok(HostConfig.Mounts.every((mount: { ReadOnly?: boolean }) => mount.ReadOnly === true));
  assert.equal(Config.Labels['haven.run'], 'r-1');
  const own = given(events);
  assert.deepEqual(
    [own.uid, own.capEff, own.capBnd, own.noNewPrivs],
    ['1000', '0'.repeat(16), '0'.repeat(16), '1'],
  );
  assert.deepEqual([own.network, own.secrets, own.argv], ['lo', 'passphrase', 'list']);
});

test('a secret is in no output, no inspection and no file of the run', async (context) => {
  const { ground, spec, options } = prepare(context, { stderr: 'hello' });
  const seen = { text: '' };

  await runImage(inspecting(seen), spec, options);

  const kept = ['events.jsonl', 'log.txt'].map((file) =>
    readFileSync(join(ground.folder, 'run', file), 'utf8'),
  );
  assert.match(kept.join(''), /hello/);
  for (const text of [seen.text, ...kept]) assert.ok(!text.includes(canary));
});

const endings: [string, unknown, string, number, RegExp?][] = [
  ['exit 0', {}, 'ok', 0],
  ['exit 11', { exitCode: 11 }, 'failed', 11],
  ['exit 10', { exitCode: 10 }, 'partial', 10],
  ['exit 22', { exitCode: 22 }, 'failed', 22],
  ['an unknown exit', { exitCode: 77 }, 'failed', 1],
  ['exit 0 without a result', { noResult: true }, 'failed', 1, /without a result/],
  ['garbage on stdout', { garbageLine: 'Segmentation fault' }, 'failed', 1, /no event/],
  ['words after the result', { afterResult: 'bye' }, 'failed', 1, /no event/],
  ['two results', { twoResults: true }, 'failed', 1, /2 results/],
  ['a result that contradicts the exit', { result: { outcome: 'failed' } }, 'failed', 1, /contradict/],
  ['more memory than its limit', { eatMiB: 500 }, 'failed', 1, /memory limit/],
];
for (const [name, script, outcome, exitCode, message] of endings) {
  test(`${name} comes to ${outcome} ${exitCode}, and the container is gone`, async (context) => {
    const { spec, options } = prepare(context, script);

    const run = await runImage(engine, spec, options);

    assert.deepEqual([run.outcome, run.exitCode], [outcome, exitCode], run.error?.message);
    if (message !== undefined) assert.match(run.error?.message ?? '', message);
    assert.ok(await gone(spec.name));
  });
}

test('hundreds of events and a long log are read to their end', async (context) => {
  const event = { event: 'progress', phase: 'upload', done: 1, total: 10, unit: 'bytes' };
  const { spec, options } = prepare(context, {
    events: Array.from({ length: 300 }, () => event),
    stderr: 'x'.repeat(20_000),
  });
  let count = 0;

  const run = await runImage(engine, spec, { ...options, onEvent: () => (count += 1) });

  assert.equal(run.outcome, 'ok', run.error?.message);
  assert.equal(count, 303);
});

test('SIGTERM ends a run as interrupted', async (context) => {
  const { spec, options } = prepare(context, { sleepMs: 60_000 });
  const stopping = new AbortController();
  const onEvent = () => stopping.abort();

  const run = await runImage(engine, spec, { ...options, signal: stopping.signal, onEvent });

  assert.deepEqual([run.outcome, run.exitCode, run.result?.outcome], ['interrupted', 143, 'interrupted']);
  assert.ok(await gone(spec.name));
});

test('what ignores SIGTERM is killed after the grace time, and that is a failure', async (context) => {
  const { spec, options } = prepare(context, { sleepMs: 60_000, ignoreSigterm: true });
  const stopping = new AbortController();
  const onEvent = () => stopping.abort();

  const run = await runImage(engine, spec, { ...options, graceSeconds: 1, signal: stopping.signal, onEvent });

  assert.deepEqual([run.outcome, run.exitCode], ['failed', 1]);
  assert.match(run.error?.message ?? '', /grace time/);
});

test('a run that reaches its maximum time is stopped and fails', async (context) => {
  const { spec, options } = prepare(context, { sleepMs: 60_000 });

  const run = await runImage(engine, spec, { ...options, maxSeconds: 2 });

  assert.equal(run.outcome, 'failed');
  assert.match(run.error?.message ?? '', /maximum run time/);
});

test('a second run of the same name is busy, and leaves the first one alone', async (context) => {
  const { spec, options } = prepare(context, { sleepMs: 4000 });
  let started = () => {};
  const running = new Promise<void>((resolve) => {
    started = resolve;
  });
  const first = runImage(engine, spec, { ...options, onEvent: () => started() });
  await running;

  await assert.rejects(
    runImage(engine, spec, options),
    (thrown) => thrown instanceof HavenError && thrown.report.code === 'busy',
  );
  assert.equal((await first).outcome, 'ok');
});

test('an image that is not there is the owner’s to build', async (context) => {
  const { spec, options } = prepare(context, {});

  await assert.rejects(runImage(engine, { ...spec, image: 'haven/nowhere' }, options), (thrown) => {
    return (
      thrown instanceof HavenError &&
      thrown.report.code === 'bad-request' &&
      /docker compose build/.test(thrown.report.hint ?? '')
    );
  });
});

test('a run that was called off before it started starts nothing', async (context) => {
  const { spec, options } = prepare(context, {});

  const run = await runImage(engine, spec, { ...options, signal: AbortSignal.abort() });

  assert.equal(run.outcome, 'interrupted');
});
