// `haven init` to its end, with real Docker and the no-op image in everybody's place: checks, the kit, the first backup, and the drill that proves it.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { firstGuid } from '../../testing/fake-zfs.ts';
import { datasetName, type Ground, makeGround } from '../../testing/ground.ts';
import { openHistory } from '../history/history.ts';

before(ensureNoop);

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
// What the no-op image says that it backed up, so that there is something to drill.
const id = firstGuid.padStart(32, '0');
const backup = {
  ...{
    id,
    chain: id,
    kind: 'full',
    base: null,
    source: 'home',
    guid: firstGuid,
    parts: 1,
    type: 'filesystem',
  },
  ...{ streamBytes: 1000, streamSha256: 'ab'.repeat(32), storedBytes: 500 },
  ...{ createdAt: new Date().toISOString(), committedAt: new Date().toISOString() },
};
const script = { list: { result: { backups: [backup] } } };

function prepare(context: TestContext): Ground {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  // Nothing leaves the machine: at that port nobody listens.
  ground.writeConfig({ settings: { script, api: { rootUrl: 'http://127.0.0.1:9/' } } });
  const signIn = { client_id: 'x', client_secret: 'y', refresh_token: 'z' };
  const path = join(ground.folder, 'secrets/b/google-oauth.json');
  chmodSync(path, 0o600);
  writeFileSync(path, JSON.stringify(signIn));
  chmodSync(path, 0o400);
  chmodSync(join(ground.folder, 'secrets'), 0o700);
  return ground;
}

async function init(ground: Ground, answers: object) {
  const args = [main, '--home', ground.folder, 'init', '--answers', '-', '--json'];
  const { exitCode, stdout, stderr } = await execa(process.execPath, args, {
    reject: false,
    input: JSON.stringify({ test: 'no', ...answers }),
  });
  const data = JSON.parse(stdout) as { next: string[]; drill?: { outcome: string } };
  return { exitCode, data, stderr };
}

function kindsOf(ground: Ground): string[] {
  const history = openHistory(join(ground.folder, 'history.db'));
  const kinds = history.runs({}).map(({ kind, outcome }) => `${kind} ${outcome}`);
  history.close();
  return kinds.toReversed();
}

test('it ends in a backup and the drill of it; a drill that is red is no good end', async (context) => {
  const ground = prepare(context);

  const { exitCode, data, stderr } = await init(ground, {});

  assert.deepEqual(ground.zfsState().datasets[datasetName]!.allowed, ['send', 'hold', 'release', 'bookmark']);
  assert.ok(existsSync(join(ground.folder, 'kit/b/passphrase')));
  // There is no such dataset for Docker to mount: all but the comparison went well, and that is red.
  assert.deepEqual(kindsOf(ground), ['backup ok', 'audit ok', 'drill failed'], stderr);
  assert.deepEqual([exitCode, data.drill?.outcome], [1, 'failed']);
  assert.match(stderr, /ok {6}same-snapshot/);
  assert.deepEqual(data.next, ['haven doctor', 'haven kit export /media/usb-stick/kit', 'haven drill']);
});

test('where a right is missing nothing is backed up', async (context) => {
  const ground = prepare(context);

  const { exitCode, data } = await init(ground, { delegate: 'no' });

  assert.equal(exitCode, 1);
  assert.deepEqual(kindsOf(ground), []);
  assert.match(data.next[0]!, /^zfs allow /);
});
