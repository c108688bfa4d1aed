import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import { makeRunFolder } from '../runs/run-folder.ts';
import { runCommandLine } from './program.ts';

const end = { outcome: 'ok', exit: 0, error: null, result: null } as const;

function begin(app: App, id: string, log: string): void {
  app.history.begin({ id, kind: 'backup', strategy: 'b', trigger: 'hand', started: new Date() });
  appendFileSync(join(makeRunFolder(app.home, id), 'log.txt'), log);
}

function grounded(context: TestContext) {
  const ground = makeGround(context);
  const app = groundApp(context, ground);
  const said = { stdout: '', stderr: '' };
  const logs = (...argv: string[]): Promise<number> =>
    runCommandLine({
      argv: ['--home', ground.folder, 'logs', ...argv],
      stdout: (text) => {
        said.stdout += text;
      },
      stderr: (text) => {
        said.stderr += text;
      },
      context: {
        env: {},
        isTerminal: false,
        surroundings: {
          log: pino({ level: 'silent' }),
          now: () => new Date(),
          randomHex: (count) => 'a'.repeat(count * 2),
          signal: new AbortController().signal,
          onEvent: () => {},
        },
      },
    });
  return { app, said, logs };
}

test('the newest run, or the one whose id begins so', async (context) => {
  const { app, said, logs } = grounded(context);
  begin(app, '1-backup-b', 'first\n');
  begin(app, '2-backup-b', 'second\n');

  assert.equal(await logs(), 0);
  assert.equal(await logs('1-'), 0);

  assert.equal(said.stdout, 'second\nfirst\n');
});

test('no run, several runs: exit 3 with the way on', async (context) => {
  const { app, said, logs } = grounded(context);
  assert.equal(await logs(), 3);
  begin(app, '2026a', '');
  begin(app, '2026b', '');

  assert.equal(await logs('2026'), 3);
  assert.equal(await logs('2027'), 3);

  assert.match(said.stderr, /nothing ran yet.*2 runs begin with 2026.*no run begins with 2027/s);
});

test('--follow shows what comes until the run has ended, and nothing twice', async (context) => {
  const { app, said, logs } = grounded(context);
  begin(app, '1-backup-b', 'one\n');

  const following = logs('--follow');
  while (!said.stdout.includes('one')) await new Promise((resolve) => setImmediate(resolve));
  appendFileSync(join(app.home.runs, '1-backup-b', 'log.txt'), 'two\n');
  app.history.end('1-backup-b', { ...end, ended: new Date() });

  assert.equal(await following, 0);
  assert.equal(said.stdout, 'one\ntwo\n');
});
