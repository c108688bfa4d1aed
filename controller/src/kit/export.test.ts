// `haven kit export` and `haven kit check`, as they are typed, and what status says of them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { type Said, said } from '../../testing/command-line.ts';
import { canary, datasetName, type Ground, groundApp, makeGround } from '../../testing/ground.ts';
import { checkExport } from '../doctor/file-checks.ts';
import { placeOf } from './export-place.ts';
import { newPassphrase } from './kit-passphrase.ts';

/** A server with both strategies, and a drawer to put the kit into. */
function make(context: TestContext): {
  ground: Ground;
  drawer: string;
  haven: (...argv: string[]) => Promise<Said>;
} {
  const ground = makeGround(context);
  ground.writeConfig({ strategies: ['a', 'b'] });
  const drawer = mkdtempSync(join(tmpdir(), 'haven-drawer-'));
  context.after(() => rmSync(drawer, { recursive: true, force: true }));
  return { ground, drawer, haven: (...argv) => said(['--home', ground.folder, ...argv]) };
}

const changeSecret = (ground: Ground, file = 'b/passphrase', text = 'another one') => {
  rmSync(join(ground.folder, 'secrets', file));
  writeFileSync(join(ground.folder, 'secrets', file), text);
};

test('an export is the whole kit, for its owner alone, whatever the halves of the drills have', async (context) => {
  const { drawer, ground, haven } = make(context);
  const target = join(drawer, 'kit');

  const { exit, stdout } = await haven('kit', 'export', target);

  assert.equal(exit, 0);
  assert.match(stdout, /^ {2}b\/google-oauth\.json$/m);
  for (const name of ['RECOVERY.md', 'a/passphrase', 'a/attributes.py', 'b/passphrase', 'b/restore-b.sh']) {
    const written = readFileSync(join(target, name));
    assert.ok(written.equals(readFileSync(join(ground.folder, 'kit', name))), name);
    const { mode, uid } = statSync(join(target, name));
    assert.deepEqual([mode & 0o777, uid], [0o600, process.getuid!()], name);
  }
  for (const folder of ['.', 'a', 'b'])
    assert.equal(statSync(join(target, folder)).mode & 0o777, 0o700, folder);
  assert.equal(readFileSync(join(target, 'b/passphrase'), 'utf8'), canary);
});

test('an older kit is only replaced by --force, and what else lies there stays and is named', async (context) => {
  const { ground, drawer, haven } = make(context);
  await haven('kit', 'export', drawer);
  writeFileSync(join(drawer, 'b/photo.jpg'), 'mine');
  changeSecret(ground);

  const refused = await haven('kit', 'export', drawer);
  const before = readFileSync(join(drawer, 'b/passphrase'), 'utf8');
  const forced = await haven('kit', 'export', drawer, '--force');

  assert.deepEqual([refused.exit, before, forced.exit], [3, canary, 0]);
  assert.match(refused.stderr, /is not empty\n.*--force/);
  assert.match(forced.stdout, /^Also there, and not of this kit: b\/photo\.jpg$/m);
  assert.equal(readFileSync(join(drawer, 'b/photo.jpg'), 'utf8'), 'mine');
  assert.equal(readFileSync(join(drawer, 'b/passphrase'), 'utf8'), 'another one');
});

test('a place whose folder does not exist is refused, and nothing is made', async (context) => {
  const { drawer, haven } = make(context);

  const { exit, stderr } = await haven('kit', 'export', join(drawer, 'no/kit'));

  assert.equal(exit, 3);
  assert.match(stderr, /there is no folder .*\/no\n/);
  assert.throws(() => statSync(join(drawer, 'no')));
});

test('status and doctor nag until the kit was exported, and again after a secret changed', async (context) => {
  const { ground, drawer, haven } = make(context);
  const nags = async () => [
    /^THE RECOVERY KIT .*$/m.exec((await haven('status')).stdout)?.[0] ?? '',
    (await checkExport(groundApp(context, ground))).detail,
  ];

  const before = await nags();
  await haven('kit', 'export', join(drawer, 'kit'));
  const after = await nags();
  changeSecret(ground, 'a/swift.json');
  const changed = await nags();

  assert.match(before[0]!, /NEVER EXPORTED/);
  assert.match(before[1]!, /NEVER EXPORTED/);
  assert.equal(after[0], '');
  assert.match(after[1]!, /^exported .* ago, as folder$/);
  assert.match(changed[0]!, /OUT OF DATE: secrets of strategy a changed/);
  assert.match(changed[1]!, /OUT OF DATE: secrets of strategy a changed/);
});

test('a strategy that was added after the export was never exported', async (context) => {
  const { ground, drawer, haven } = make(context);
  ground.writeConfig({ strategies: ['b'] });
  await haven('kit', 'export', join(drawer, 'kit'));

  ground.writeConfig({ strategies: ['a', 'b'] });

  assert.match((await haven('status')).stdout, /OUT OF DATE: secrets of strategy a changed/);
});

test('what is remembered of an export holds no secret', async (context) => {
  const { ground, drawer, haven } = make(context);
  const remembered = () => readFileSync(join(ground.folder, 'kit-exported.json'), 'utf8');
  await haven('kit', 'export', join(drawer, 'kit'));
  const first = remembered();

  assert.ok(!first.includes(canary));
  assert.equal(statSync(join(ground.folder, 'kit-exported.json')).mode & 0o777, 0o600);
  assert.deepEqual(Object.keys(JSON.parse(first).halves), ['a', 'b']);
  assert.notEqual(JSON.parse(first).halves.a, JSON.parse(first).halves.b);
});

test('kit and sheet name no dataset, and each half has its own secrets alone', async (context) => {
  const { ground, drawer, haven } = make(context);
  const secrets = ['a/passphrase', 'a/swift.json', 'b/passphrase', 'b/google-oauth.json'];
  for (const file of secrets) changeSecret(ground, file, `canary of ${file}`);

  await haven('kit', 'export', join(drawer, 'kit'), '--sheet', join(drawer, 'kit.html'));

  const found = (word: string) =>
    readdirSync(drawer, { recursive: true, encoding: 'utf8' }).filter(
      (name) => statSync(join(drawer, name)).isFile() && readFileSync(join(drawer, name)).includes(word),
    );
  assert.deepEqual([...found(datasetName), ...found(datasetName.replace('tank/', ''))], []);
  for (const file of secrets)
    assert.deepEqual(found(`canary of ${file}`).toSorted(), ['kit.html', `kit/${file}`]);
});

test('inside of Haven’s own folder it is written, but does not count', async (context) => {
  const { ground, haven } = make(context);

  const { exit, stdout } = await haven('kit', 'export', join(ground.folder, 'copy'));

  assert.equal(exit, 0);
  assert.match(stdout, /WARNING: .* is inside of .*: this does not count as an export\.$/m);
  assert.match((await haven('status')).stdout, /NEVER EXPORTED/);
});

test('memory is no place that counts, and a link into Haven’s folder neither', (context) => {
  const { ground, drawer } = make(context);
  const app = groundApp(context, ground);
  symlinkSync(ground.folder, join(drawer, 'link'));
  const place = (path: string, magic: number) => placeOf(app, path, '', () => magic).notCounted;

  assert.match(place(join(drawer, 'kit'), 0x01021994)!, /memory/);
  assert.equal(place(join(drawer, 'kit'), 0xef53), null);
  assert.match(place(join(drawer, 'link/kit'), 0xef53)!, /inside of/);
  assert.equal(place(`${ground.folder}-beside`, 0xef53), null);
});

test('a check says of an export that it will do, and what is wrong with one that will not', async (context) => {
  const { ground, drawer, haven } = make(context);
  const target = join(drawer, 'kit');
  await haven('kit', 'export', target);

  const good = await haven('kit', 'check', '--offline', target);
  rmSync(join(target, 'a/swift.json'));
  writeFileSync(join(target, 'b/restore-b.sh'), '# of last year');
  const incomplete = await haven('kit', 'check', '--offline', target);
  await haven('kit', 'export', target, '--force');
  changeSecret(ground);
  const old = await haven('kit', 'check', '--offline', target);

  assert.deepEqual([good.exit, incomplete.exit, old.exit], [0, 30, 30]);
  assert.match(good.stdout, /This kit will do\.\n$/);
  assert.match(incomplete.stdout, /^FAILED {2}files of a: missing or empty: swift\.json$/m);
  assert.match(incomplete.stdout, /^warn {4}files of b: of another version of Haven.*restore-b\.sh$/m);
  assert.match(old.stdout, /^FAILED {2}files of b: no longer what this server uses: passphrase$/m);
  assert.match(old.stdout, /THIS KIT WILL NOT DO\.\n$/);
});

test('where backups are encrypted to public keys, a kit without the secret key will not do', async (context) => {
  const { ground, drawer, haven } = make(context);
  ground.writeConfig({ strategies: ['a', 'b'], settings: { publicKeys: ['…'] } });
  const target = join(drawer, 'kit');
  await haven('kit', 'export', target);

  const without = await haven('kit', 'check', '--offline', target);
  writeFileSync(join(ground.folder, 'secrets/b/secret-key.asc'), 'the key');
  await haven('kit', 'export', target, '--force');
  const complete = await haven('kit', 'check', '--offline', target);

  assert.deepEqual([without.exit, complete.exit], [30, 0], complete.stdout);
  assert.match(without.stdout, /^FAILED {2}files of b: missing or empty: secret-key\.asc$/m);
});

test('what is no kit is not called a bad one', async (context) => {
  const { drawer, haven } = make(context);

  const empty = await haven('kit', 'check', '--offline', drawer);
  const missing = await haven('kit', 'check', '--offline', join(drawer, 'nothing'));

  assert.deepEqual([empty.exit, missing.exit], [3, 3]);
  assert.match(empty.stderr, /is no recovery kit: it has no folder a or b/);
});

test('the owner names the host’s path, where this process sees the host’s files elsewhere', async (context) => {
  const { ground, drawer } = make(context);
  mkdirSync(join(drawer, 'media'));
  chmodSync(join(drawer, 'media'), 0o755);

  const { exit, stdout } = await said(['--home', ground.folder, 'kit', 'export', '/media/kit'], undefined, {
    HAVEN_HOST_FILES: drawer,
  });

  assert.equal(exit, 0);
  assert.match(stdout, /^The recovery kit is in \/media\/kit:$/m);
  assert.equal(readFileSync(join(drawer, 'media/kit/b/passphrase'), 'utf8'), canary);
});

test('an encrypted kit is opened by gpg and tar on any machine, and by nothing less', async (context) => {
  const { ground, drawer, haven } = make(context);
  const [file, words] = [join(drawer, 'kit.tar.gpg'), join(drawer, 'words')];
  writeFileSync(words, 'five words that no dog says\nanother line\n');

  const { exit, stdout } = await haven('kit', 'export', '--encrypted', file, '--passphrase-file', words);
  const opened = spawnSync(
    'bash',
    [
      '-o',
      'pipefail',
      '-c',
      'gpg --batch --pinentry-mode loopback --passphrase-file words -d kit.tar.gpg | tar -x',
    ],
    { cwd: drawer, env: { ...process.env, GNUPGHOME: gnupgHome(context) } },
  );

  assert.equal(exit, 0);
  assert.match(stdout, /is opened by: {2}gpg -d kit\.tar\.gpg \| tar -x\n$/);
  assert.ok(!stdout.includes('dog'));
  assert.equal(opened.status, 0, String(opened.stderr));
  for (const name of ['RECOVERY.md', 'a/attributes.py', 'b/passphrase'])
    assert.ok(
      readFileSync(join(drawer, 'haven-kit', name)).equals(readFileSync(join(ground.folder, 'kit', name))),
      name,
    );
  assert.equal(statSync(join(drawer, 'haven-kit/b/passphrase')).mode & 0o077, 0);
  const bytes = readFileSync(file);
  assert.ok(!bytes.includes(canary) && !bytes.includes('RECOVERY.md'));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.doesNotMatch((await haven('status')).stdout, /RECOVERY KIT/);
});

test('a check opens an encrypted kit, and says when it cannot; no copy of it stays', async (context) => {
  const { ground, drawer, haven } = make(context);
  const [file, words] = [join(drawer, 'kit.tar.gpg'), join(drawer, 'words')];
  writeFileSync(words, 'five words that no dog says');
  await haven('kit', 'export', '--encrypted', file, '--passphrase-file', words);
  const check = () => haven('kit', 'check', '--offline', file, '--passphrase-file', words);

  const good = await check();
  writeFileSync(words, 'five words that no cat says');
  const wrong = await check();
  writeFileSync(words, 'five words that no dog says');
  const bytes = readFileSync(file);
  bytes[bytes.length - 40]! ^= 1;
  writeFileSync(file, bytes);
  const damaged = await check();

  assert.deepEqual([good.exit, wrong.exit, damaged.exit], [0, 30, 30]);
  assert.match(good.stdout, /^ok {6}files of b: 4 files/m);
  for (const { stdout } of [wrong, damaged])
    assert.match(stdout, /^FAILED {2}passphrase: .*does not open it/m);
  assert.deepEqual(readdirSync(join(ground.folder, 'runs')), []);
});

test('a short passphrase, or nobody to ask for one, is refused before anything is written', async (context) => {
  const { drawer, haven } = make(context);
  const [file, words] = [join(drawer, 'kit.tar.gpg'), join(drawer, 'words')];
  writeFileSync(words, 'dog');

  const short = await haven('kit', 'export', '--encrypted', file, '--passphrase-file', words);
  const nobody = await haven('kit', 'export', '--encrypted', file);

  assert.deepEqual([short.exit, nobody.exit], [3, 3]);
  assert.match(short.stderr, /has 3 characters/);
  assert.match(nobody.stderr, /nobody to ask.*\n.*--passphrase-file/);
  assert.deepEqual(readdirSync(drawer), ['words']);
});

test('what is typed as a new passphrase must be typed twice the same', async () => {
  const typed = async (...lines: string[]) => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const terminal = {
      input,
      write: (question: string) => void (/: $/.test(question) && input.write(`${lines.shift()}\n`)),
    };
    return await newPassphrase({ terminal, signal: new AbortController().signal, file: null });
  };

  assert.equal(
    await typed('five words that no dog says', 'five words that no dog says'),
    'five words that no dog says',
  );
  await assert.rejects(typed('five words that no dog says', 'five words that no dog say'), /not the same/);
});

function gnupgHome(context: TestContext): string {
  const home = mkdtempSync(join(tmpdir(), 'haven-gnupg-'));
  context.after(() => {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(home, { recursive: true, force: true });
  });
  return home;
}
