// `haven init` in a real terminal, typed as a new user would, and by a file of answers.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { makeGround } from '../../testing/ground.ts';
import { parseConfig } from '../config/parse.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const typist = fileURLToPath(new URL('../../testing/type-at-terminal.py', import.meta.url));

/** A new server: an empty home, and a `zfs` with one dataset in the PATH. */
function newServer(context: TestContext) {
  const ground = makeGround(context);
  const home = join(ground.folder, 'var/lib/haven');
  mkdirSync(home, { recursive: true });
  const env = { HAVEN_HOME: home, PATH: `${ground.folder}:${process.env.PATH}`, TZ: 'Europe/Berlin' };
  const haven = [process.execPath, main];
  return {
    home,
    ground,
    typed: (steps: string[][]) =>
      execa('python3', [typist, JSON.stringify(steps), ...haven, 'init'], { env, reject: false }),
    run: (args: string[], input = '') =>
      execa(haven[0]!, [...haven.slice(1), 'init', ...args], { env, reject: false, input }),
    written: () =>
      readdirSync(home, { recursive: true })
        .map(String)
        .filter((name) => /secrets\/.|haven.yaml/.test(name)),
  };
}

const questions = [
  ['Back up which?', '1'],
  ['Public name of tank/secret place', 'photos'],
  ['Which: a, b, or both', 'c'],
  ['Which: a, b, or both', 'b'],
  ['Client ID', 'my-client'],
  ['Client secret (not shown)', 'hunter2-7c1e'],
  ['Name of the set of backups [haven]', ''],
  ['Time zone [Europe/Berlin]', ''],
  ['Backups: a cron expression, or never [0 3 * * *]', ''],
  ['Drills, which restore and compare everything [0 5 * * 0]', 'never'],
  ['Your uplink', '10'],
];

test('typed at a terminal: every question, a mistake told and asked again, then the files; nothing secret is shown', async (context) => {
  const { home, typed, ground } = newServer(context);

  const { stdout, exitCode } = await typed([
    ...questions,
    ['Write this? [yes]', ''],
    ['Run this now? [yes]', '^C'],
  ]);

  assert.equal(exitCode, 143, stdout);
  assert.match(stdout, /zfs allow -u 1000 send,hold,release,bookmark 'tank\/secret place'/);
  assert.match(stdout, /a, b, or both\r?\n/);
  assert.ok(!stdout.includes('hunter2'));
  const passphrase = readFileSync(join(home, 'secrets/b/passphrase'), 'utf8').trim();
  assert.ok(passphrase.length > 30 && !stdout.includes(passphrase));
  const parsed = parseConfig(readFileSync(join(home, 'haven.yaml'), 'utf8'));
  assert.ok(parsed.ok);
  assert.deepEqual(Object.keys(parsed.config.datasets), ['photos']);
  assert.deepEqual(parsed.config.drill.schedule, {});
  assert.ok(
    !ground.zfsCalls().some((call) => call.includes('-u')),
    'nothing was allowed before it was asked',
  );
});

test('Ctrl-C before the last word, and no, leave nothing behind', async (context) => {
  const { typed, written } = newServer(context);

  const stopped = await typed([...questions, ['Write this?', '^C']]);
  assert.deepEqual([stopped.exitCode, written()], [143, []], stopped.stdout);
  const declined = await typed([...questions, ['Write this?', 'no']]);
  assert.deepEqual([declined.exitCode, written()], [0, []], declined.stdout);
  assert.match(declined.stdout, /Nothing was written/);
});

test('without a terminal and without answers it says what to do, and writes nothing', async (context) => {
  const { run, written } = newServer(context);

  const { exitCode, stderr } = await run([]);

  assert.deepEqual([exitCode, written()], [3, []]);
  assert.match(stderr, /no terminal.*\n.*--answers FILE/);
});

test('by answers, from stdin too: what is there is overwritten only when the answers say so, and the change is shown', async (context) => {
  const { home, run } = newServer(context);
  const path = join(home, 'haven.yaml');
  const seed = [
    'datasets: { home: { dataset: "tank/secret place" } }',
    'strategies: { b: { settings: { api: { rootUrl: "http://127.0.0.1:9/" } } } }',
    'host: { dockerSocket: /nowhere/docker.sock } # mine',
  ];
  writeFileSync(path, seed.join('\n'));
  const answers = {
    timezone: 'UTC+1',
    b: { clientId: 'x', clientSecret: 'y' },
    delegate: 'no',
    write: 'yes',
  };
  const mistaken = await run(['--answers', '-'], JSON.stringify(answers));
  assert.deepEqual([mistaken.exitCode, readFileSync(path, 'utf8')], [3, seed.join('\n')]);

  // There is no Docker at that place, so the checks are red; what was written stays.
  const written = await run(
    ['--answers', '-', '--json'],
    JSON.stringify({ ...answers, timezone: 'Asia/Tokyo' }),
  );

  assert.equal(written.exitCode, 1, written.stderr);
  const said = JSON.parse(written.stdout) as { written: string[]; next: string[] };
  assert.deepEqual(
    said.written.map((file) => file.replace(`${home}/`, '')),
    ['secrets/b/passphrase', 'secrets/b/google-oauth.json', 'haven.yaml'],
  );
  assert.ok(said.next.includes('haven auth google') && said.next[0]!.startsWith('zfs allow'));
  const before = readFileSync(path, 'utf8');
  assert.match(before, /dockerSocket: \/nowhere\/docker.sock \} # mine/);

  const file = join(home, 'answers.yaml');
  writeFileSync(file, 'timezone: UTC');
  const refused = await run(['--answers', file]);

  assert.equal(refused.exitCode, 3);
  assert.match(refused.stderr, /- timezone: Asia\/Tokyo\n.*\+ timezone: UTC/);
  assert.match(refused.stderr, /there is no answer to write/);
  assert.equal(readFileSync(path, 'utf8'), before);
  assert.ok(!existsSync(join(home, 'secrets/b/.passphrase.next')));
});
