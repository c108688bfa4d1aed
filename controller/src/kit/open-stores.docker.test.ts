// What `haven kit check` asks the stores, by Docker, with the no-op image in the drill's place: what its containers are given, and what is made of their answers.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { quietSurroundings, said } from '../../testing/command-line.ts';
import { buildNoop, docker, ensureNoop, removeAll } from '../../testing/docker-ground.ts';
import { type Ground, makeGround } from '../../testing/ground.ts';

before(ensureNoop);

interface Account {
  verb: string;
  uid: string;
  mounts: string;
  network: string;
}

/** A server, its exported kit, and a check of that with a drill image that does what a script says. */
async function exported(context: TestContext, script?: unknown) {
  const ground = makeGround(context);
  context.after(() => removeAll(ground.name));
  const drillImage = script === undefined ? 'haven/noop' : await buildNoop(context, script);
  ground.writeConfig({ strategies: ['a', 'b'], drillImage });
  const drawer = mkdtempSync(join(tmpdir(), 'haven-drawer-'));
  context.after(() => rmSync(drawer, { recursive: true, force: true }));
  const kit = join(drawer, 'kit');
  const accounts: Account[] = [];
  const surroundings: typeof quietSurroundings = {
    ...quietSurroundings,
    signal: new AbortController().signal,
    onEvent: (verb, event) => {
      if (event.event === 'note') accounts.push({ verb, ...JSON.parse(String(event.message)) });
    },
  };
  const haven = (...argv: string[]) => said(['--home', ground.folder, 'kit', ...argv], surroundings);
  assert.equal((await haven('export', kit)).exit, 0);
  return { ground, kit, accounts, check: () => haven('check', kit) };
}

async function assertNothingLeft({ folder, name }: Ground): Promise<void> {
  assert.deepEqual(readdirSync(join(folder, 'runs')), []);
  assert.equal(await docker('ps', '--all', '--quiet', '--filter', `name=${name}`), '');
}

test('each store is opened by a container that has its half of the kit, and no other secret', async (context) => {
  const { ground, accounts, check } = await exported(context);

  const { exit, stdout } = await check();

  assert.equal(exit, 0, stdout);
  for (const name of ['a', 'b'])
    assert.match(stdout, new RegExp(`^ok {6}store of ${name}: opened with this kit alone: 1 backups`, 'm'));
  assert.deepEqual(
    accounts.map(({ verb, uid }) => [verb, uid]),
    [
      ['look', '0'],
      ['look', '1000'],
    ],
  );
  for (const { mounts } of accounts) {
    const own = mounts
      .split('\n')
      .filter((line) => line.startsWith('/haven') || line.startsWith('/run/secrets'));
    assert.deepEqual(own.map((line) => line.split(' ')[0]).toSorted(), [
      '/haven/kit',
      '/haven/request.json',
      '/haven/work',
    ]);
    assert.match(own.find((line) => line.startsWith('/haven/kit '))!, / ro\b/);
  }
  await assertNothingLeft(ground);
});

test('a kit that a store refuses will not do, and the exit status says why', async (context) => {
  const { ground, check } = await exported(context, { look: { exitCode: 22 } });

  const { exit, stdout } = await check();

  assert.equal(exit, 22);
  for (const name of ['a', 'b'])
    assert.match(
      stdout,
      new RegExp(
        `^FAILED {2}store of ${name}: this kit does not open it: as the script says\n {8}change`,
        'm',
      ),
    );
  assert.match(stdout, /THIS KIT WILL NOT DO\.\n$/);
  await assertNothingLeft(ground);
});

test('a store without a backup is open, and said so', async (context) => {
  const looked = { backups: 0, newestAt: null, tools: {}, seconds: 1 };
  const { check } = await exported(context, { look: { result: { looked } } });

  const { exit, stdout } = await check();

  assert.equal(exit, 0);
  assert.match(stdout, /^warn {4}store of b: this kit opens it, but there is no backup in it$/m);
});

test('it is the copy in the drawer that is tried', async (context) => {
  const { kit, accounts, check } = await exported(context);
  rmSync(join(kit, 'a'), { recursive: true });
  writeFileSync(join(kit, 'b/restore-b.sh'), '# of last year');

  const { exit, stdout } = await check();

  assert.equal(exit, 30);
  assert.match(stdout, /^FAILED {2}files of a: missing or empty/m);
  assert.deepEqual(
    accounts.map(({ uid }) => uid),
    ['1000'],
  );
});
