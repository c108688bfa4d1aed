// The real image, as the controller starts it for those who only look: the state that a backup left is mounted read-only, and of use.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { type Bench, createBench, type LooseEvent, storedFiles } from './harness.ts';
import { fakeSource } from './sources.ts';

const image = process.env.HAVEN_IMAGE_B ?? 'haven/strategy-b';

async function inContainer(bench: Bench, verb: string): Promise<{ status: number; result: LooseEvent }> {
  const at = (name: string) => join(bench.folder, name);
  // Writes the request and the secrets where the container then finds them; what it cached is not what is looked at here.
  await bench.run(verb);
  rmSync(at('state/manifests'), { recursive: true, force: true });
  giveAway(at('state'));
  const mount = (from: string, to: string) => ['--mount', `type=bind,src=${from},dst=${to},readonly`];
  const privileges = ['--user', '1000:1000', '--cap-drop', 'ALL', '--read-only', '--tmpfs', '/tmp:mode=1777'];
  const mounts = [
    ...mount(at('request.json'), '/haven/request.json'),
    ...mount(at('secrets'), '/run/secrets'),
    ...mount(at('state'), '/haven/state'),
  ];
  const args = ['run', '--rm', '--network', 'host', ...privileges, ...mounts, image, verb];
  const run = await execa('docker', args, { reject: false });
  return {
    status: run.exitCode ?? -1,
    result: JSON.parse(run.stdout.trim().split('\n').at(-1)!) as LooseEvent,
  };
}

function giveAway(folder: string): void {
  const below = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const name of ['', ...below]) chownSync(join(folder, name), 1000, 1000);
}

test('audit and list work on a state that they cannot write, and what it remembers makes them red', async (context) => {
  const source = fakeSource();
  const bench = await createBench([source]);
  context.after(() => bench.dispose());
  await bench.backup([source]);
  chmodSync(bench.folder, 0o755);

  const list = await inContainer(bench, 'list');
  const green = await inContainer(bench, 'audit');
  for (const { id, name } of await storedFiles(bench.drive))
    if (name.startsWith('h1-')) await bench.drive.admin(`POST files/${id}/corrupt`, { how: 'delete' });
  const red = await inContainer(bench, 'audit');

  assert.deepEqual([list.status, list.result.count], [0, 1], JSON.stringify(list.result));
  assert.equal(green.status, 0, JSON.stringify(green.result));
  assert.equal(red.status, 30);
  const { findings } = red.result.audit as { findings: { kind: string }[] };
  assert.deepEqual(
    findings.map(({ kind }) => kind),
    ['rolled-back'],
  );
});
