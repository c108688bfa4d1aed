// A drill of level `stream` with the real images, of real `zfs send` streams: the golden backups of strategy B in an emulated Drive, and a backup of strategy A in a real Swift.
// No ZFS on this machine is asked for anything.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { execa } from 'execa';
import type { ReadVerdict } from '../../controller/src/drill/stream-level.ts';
import type { DrillVerdict } from '../../controller/src/runs/drill-verdict.ts';
import { provenBackups } from '../../controller/src/runs/proven.ts';
import { said } from '../../controller/testing/command-line.ts';
import { docker, removeAll } from '../../controller/testing/docker-ground.ts';
import { type Ground, groundApp, makeGround } from '../../controller/testing/ground.ts';
import { plant, readGolden } from '../golden/b/golden-drive.ts';
import { CLIENT, type StartedEmulator, startEmulator } from '../servers/drive/tests/started-emulator.ts';
import { createMachine, noise, passphrase } from '../strategy-a/machine.ts';
import { account } from '../strategy-a/swift.ts';
import { PASSPHRASE, putBackup } from './backup-on-drive.ts';

const golden = readGolden('v1');
let drive: StartedEmulator;
/** For backups of another passphrase. */
let other: StartedEmulator;
before(async () => {
  [drive, other] = await Promise.all([startEmulator(), startEmulator()]);
  await plant(drive, golden, golden.objects);
});
after(() => Promise.all([drive.dispose(), other.dispose()]));

interface Drilled {
  exit: number;
  verdict: DrillVerdict<ReadVerdict>;
  reds: [string, string][];
}

/** `haven drill STRATEGY --level stream`, and that it leaves nothing behind and nothing that counts as a proof. */
async function drill(context: TestContext, ground: Ground, strategy: 'a' | 'b', ...more: string[]) {
  const app = groundApp(context, ground);
  const surroundings = { ...app, signal: new AbortController().signal };
  const args = ['--home', ground.folder, 'drill', strategy, '--level', 'stream', '--json', ...more];
  const ran = await said(args, surroundings);
  const verdict = JSON.parse(ran.stdout).result as DrillVerdict<ReadVerdict>;
  const reds = verdict.sources.flatMap(({ checks }) =>
    checks.filter(({ pass }) => !pass).map(({ name, detail }): [string, string] => [name, detail]),
  );
  assert.deepEqual(provenBackups(app.history, { name: strategy }), []);
  assert.deepEqual(readdirSync(app.home.scratch), []);
  assert.equal(await docker('ps', '--all', '--quiet', '--filter', `name=${ground.name}`), '');
  assert.equal(await docker('volume', 'ls', '--quiet', '--filter', `name=${ground.name}-drill`), '');
  return { exit: ran.exit, verdict, reds } satisfies Drilled;
}

function groundB(context: TestContext, on: StartedEmulator, secret: string): Ground {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const { id: client_id, secret: client_secret, refreshToken: refresh_token } = CLIENT;
  writeFileSync(join(ground.folder, 'secrets/b/passphrase'), secret);
  writeFileSync(
    join(ground.folder, 'secrets/b/google-oauth.json'),
    JSON.stringify({ client_id, client_secret, refresh_token }),
  );
  const api = { rootUrl: `${on.url}/`, tokenUrl: `${on.url}/token` };
  ground.writeConfig({
    ...{ image: 'haven/strategy-b', drillImage: 'haven/drill', network: 'host' },
    settings: { api },
  });
  return ground;
}

const goldenGround = (context: TestContext) =>
  groundB(context, drive, readFileSync(join(golden.folder, 'passphrase'), 'utf8'));

test('a chain of real streams is read to its end, by ZFS’s own reader, though its snapshot is long gone', async (context) => {
  const { exit, verdict, reds } = await drill(context, goldenGround(context), 'b');

  assert.deepEqual([exit, reds], [0, []]);
  const { checks, evidence } = verdict.sources[0]!;
  const [full, incremental] = golden.expected;
  assert.ok(evidence.reads === 'streams' && evidence.parsed.ok);
  assert.deepEqual(
    evidence.parsed.value.streams.map(({ guid, baseGuid, streamSha256, records }) => {
      return [guid, baseGuid, streamSha256, records];
    }),
    [
      [full!.guid, null, full!.streamSha256, 60],
      [incremental!.guid, full!.guid, incremental!.streamSha256, 48],
    ],
  );
  assert.match(checks.find(({ name }) => name === 'parsed')!.detail, /^108 records/);
  assert.match(verdict.sentence, /^home: readable: .* Not restored into a pool, not compared\.$/);
});

test('a flipped byte of a stored part is red, and named', async (context) => {
  const part = golden.objects.find(({ name }) => name.endsWith('-000001'))!;
  await drive.admin(`POST files/${part.id}/corrupt`, { how: 'flip', offset: 1000 });
  context.after(async () => {
    await drive.admin(`POST files/${part.id}/corrupt`, { how: 'delete' });
    await plant(drive, golden, [part]);
  });

  const { exit, reds } = await drill(context, goldenGround(context), 'b');

  assert.equal(exit, 30);
  const [, why] = reds.find(([name]) => name === 'fetched')!;
  assert.match(why, /part 2 of 2 is damaged/);
});

/** What no hash finds: bytes that came back as they were sent, and were no good stream when they were. */
const bad: [string, (stream: Buffer) => Buffer, RegExp][] = [
  ['a bit that had flipped before the hash was made', (s) => flipped(s, s.length / 2), /a checksum in it/],
  ['a stream that broke off', (s) => s.subarray(0, s.length - 312), /without its end/],
  ['bytes behind the end', (s) => Buffer.concat([s, Buffer.alloc(312)]), /no whole zfs send stream/],
  ['another thing than a stream', (s) => noise(s.length), /no whole zfs send stream/],
];
for (const [name, spoil, why] of bad) {
  test(`${name}: every hash is right, and it is red all the same`, async (context) => {
    const stream = spoil(await realStream());
    const backup = await putBackup(other, { stream });

    const { exit, reds } = await drill(
      context,
      groundB(context, other, PASSPHRASE),
      'b',
      ...['--backup', backup.id.slice(0, 12)],
    );

    assert.equal(exit, 30);
    const [, parsed] = reds.find(([check]) => check === 'parsed')!;
    assert.match(parsed, why);
  });
}

function flipped(stream: Buffer, at: number): Buffer {
  const copy = Buffer.from(stream);
  copy[Math.floor(at)]! ^= 1;
  return copy;
}

/** The golden incremental's, out of its one part. */
async function realStream(): Promise<Buffer> {
  const [, { backup } = { backup: '' }] = golden.expected;
  const part = golden.objects.find(({ name }) => name === `h1-${backup}-000000`)!;
  const secret = readFileSync(join(golden.folder, 'passphrase'), 'utf8').trim();
  const args = ['--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', secret, '--decrypt'];
  const how = { input: golden.content(part), encoding: 'buffer', stripFinalNewline: false } as const;
  return promisify(zstdDecompress)((await execa('gpg', args, how)).stdout);
}

test('of A every file comes back from a real Swift, and a damaged volume is red', async (context) => {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  machine.write('large', noise(2_500_000));
  for (const n of [1, 2]) {
    machine.write('small', noise(1000 * n, n));
    const ran = await machine.run('backup', { snapshot: `haven-${n}`, guid: `${n}` });
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  }
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  writeFileSync(join(ground.folder, 'secrets/a/passphrase'), passphrase);
  writeFileSync(join(ground.folder, 'secrets/a/swift.json'), JSON.stringify(account));
  const settings = { auth: { version: 1, url: 'http://swift:8080/auth/v1.0' } };
  const images = { image: 'haven/strategy-a', drillImage: 'haven/drill', network: machine.swift.name };
  ground.writeConfig({ ...images, strategies: ['a'], id: 'data', settings });

  const green = await drill(context, ground, 'a');
  const volume = (await machine.swift.list()).find(({ name }) => name.includes('.vol2.'))!.name;
  await machine.swift.put(volume, flipped(await machine.swift.get(volume), 5000));
  const red = await drill(context, ground, 'a');

  assert.deepEqual([green.exit, green.reds], [0, []]);
  assert.match(green.verdict.sentence, /^data: readable: .*\(a full and 1 incremental\)/);
  assert.equal(red.exit, 30);
  assert.match(red.reds.find(([name]) => name === 'fetched')![1], /vol2/);
});
