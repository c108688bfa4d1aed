// The command line as a caller sees it: exit status, what is on stdout, what is not.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Said, said } from '../../testing/command-line.ts';
import { makeGround } from '../../testing/ground.ts';

const haven = (...argv: string[]): Promise<Said> => said(argv);

function emptyHome(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'haven-cli-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const verbs = [
  ['doctor'],
  ['backup'],
  ['drill'],
  ['restore'],
  ['list'],
  ['audit'],
  ['prune'],
  ['status'],
  ['history'],
  ['logs'],
  ['notify', 'test'],
  ['kit'],
  ['auth', 'google'],
  ['drive-selftest'],
  ['up'],
  ['config', 'validate'],
  ['config', 'show'],
];
for (const verb of verbs) {
  test(`${verb.join(' ')} --help has examples and exit statuses`, async () => {
    const { exit, stdout } = await haven(...verb, '--help');

    assert.equal(exit, 0);
    assert.match(stdout, /Examples:\n {2}haven/);
    assert.match(stdout, /EXIT STATUS\n {2}0/);
    assert.match(stdout, /--json/);
  });
}

const mistakes: [string, string[], RegExp][] = [
  ['an unknown command', ['sing'], /unknown command/],
  ['an unknown option', ['status', '--loud'], /unknown option/],
  ['a strategy that there is not', ['backup', 'z'], /Allowed choices are a, b/],
  ['no command at all', [], /no command was given/],
  ['a plan that is no number', ['prune', 'b', '--apply', 'all'], /hexadecimal/],
  ['a limit that is no number', ['history', '--limit', 'many'], /whole number/],
];
for (const [name, argv, message] of mistakes) {
  test(`${name} is exit 3, and JSON with --json`, async () => {
    const plain = await haven(...argv);
    const json = await haven(...argv, '--json');

    assert.deepEqual([plain.exit, json.exit], [3, 3]);
    assert.notEqual(plain.stderr, '');
    const { error, exit } = JSON.parse(json.stdout);
    assert.deepEqual([error.code, exit], ['bad-request', 3]);
    assert.match(error.message, message);
  });
}

test('--version is a number, exit 0', async () => {
  const { exit, stdout } = await haven('--version');

  assert.equal(exit, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

test('without a configuration the next step is named', async (context) => {
  const home = emptyHome(context);

  const { exit, stderr, stdout } = await haven('status', '--home', home);

  assert.deepEqual([exit, stdout], [3, '']);
  assert.match(stderr, /haven\.yaml does not exist/);
  assert.match(stderr, /copy haven\.example\.yaml/);
});

test('config validate names every problem at once, also as JSON', async (context) => {
  const home = emptyHome(context);
  writeFileSync(join(home, 'haven.yaml'), 'timezone: Mars/X\ndatasets: {}\nstrategies: { b: {} }\n');

  const plain = await haven('--home', home, 'config', 'validate');
  const json = await haven('--home', home, 'config', 'validate', '--json');

  assert.match(plain.stderr, /timezone \(line 1\).*\n.*datasets \(line 2\)/);
  const paths = (JSON.parse(json.stdout).problems as { path: string }[]).map(({ path }) => path);
  assert.deepEqual([plain.exit, json.exit, paths], [3, 3, ['timezone', 'datasets']]);
});

test('the example configuration is valid', async () => {
  const example = new URL('../../../haven.example.yaml', import.meta.url).pathname;

  assert.equal((await haven('--config', example, 'config', 'validate')).exit, 0);
});

test('config show masks secrets', async (context) => {
  const ground = makeGround(context);
  ground.writeConfig({ settings: { passphrase: 'hunter2', set: 'mine' } });

  const { exit, stdout } = await haven('--home', ground.folder, 'config', 'show');

  assert.equal(exit, 0);
  assert.match(stdout, /set: mine/);
  assert.doesNotMatch(stdout, /hunter2/);
});

test('status begins with one sentence', async (context) => {
  const ground = makeGround(context);

  const plain = await haven('--home', ground.folder, 'status');
  const json = await haven('--home', ground.folder, '--json', 'status');

  assert.match(plain.stdout, /^Never proven restorable/);
  assert.equal(JSON.parse(json.stdout).provenAt, null);
});

test('history of nothing says so', async (context) => {
  assert.match((await haven('--home', makeGround(context).folder, 'history')).stdout, /Nothing ran yet/);
});

test('up without a configuration waits for it, until it is told to stop', async (context) => {
  assert.equal((await haven('--home', emptyHome(context), 'up')).exit, 0);
});

test('of two strategies the one that is meant must be said, but a single one need not be', async (context) => {
  const ground = makeGround(context);
  const single = await haven('--home', ground.folder, 'audit');
  ground.writeConfig({ strategies: ['a', 'b'] });

  const either = await haven('--home', ground.folder, 'audit');
  const other = await haven('--home', ground.folder, 'audit', 'a');
  const all = await haven('--home', ground.folder, 'backup', '--json');
  ground.writeConfig({ strategies: ['b'] });
  const none = await haven('--home', ground.folder, 'backup', 'a');

  // Everything is interrupted here before it begins.
  assert.deepEqual([single.exit, other.exit, all.exit], [143, 143, 143]);
  assert.equal(JSON.parse(all.stdout).backups.length, 2);
  assert.deepEqual([either.exit, none.exit], [3, 3]);
  assert.match(either.stderr, /say which one is meant/);
  assert.match(none.stderr, /strategy a is not configured/);
});
