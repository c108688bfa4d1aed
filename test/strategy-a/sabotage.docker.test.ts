// Every damage that a listing can show turns the audit red, whatever duplicity itself says of it (docs/sabotage-a.md); what only a drill sees is shown to be so.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { createMachine, type Machine, newestTime, noise, notes, type Ran } from './machine.ts';

/** A machine with a full of four volumes and two incrementals of one each. */
async function withChain(context: TestContext): Promise<Machine> {
  const machine = await createMachine();
  context.after(() => machine.dispose());
  machine.write('large', noise(3_500_000));
  for (const n of [1, 2, 3]) {
    machine.write('small', noise(1000 * n, n));
    const ran = await machine.run('backup', { snapshot: `haven-${n}`, guid: `${n}` });
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  }
  return machine;
}

function kinds({ result }: Ran): string[] {
  const { findings } = result.audit as { findings: { kind: string }[] };
  return [...new Set(findings.map(({ kind }) => kind))].sort();
}

function flipped(content: Buffer): Buffer {
  const copy = Buffer.from(content);
  const middle = Math.floor(copy.length / 2);
  copy.writeUInt8(copy.readUInt8(middle) ^ 0x20, middle);
  return copy;
}

test('every damage that a listing shows is found, and a whole store has no finding', async (context) => {
  const { swift, ...machine } = await withChain(context);
  const names = (await swift.list()).map(({ name }) => name);
  const restore = await swift.snapshot();
  const find = (pattern: RegExp, nth = 0) => {
    const found = names.filter((name) => pattern.test(name)).at(nth);
    assert.ok(found, `${pattern} is in the store`);
    return found;
  };
  const volumes = names.filter((name) => /full\..*vol\d+\./.test(name));
  assert.equal(volumes.length, 4);
  const [first, second] = [find(/full\..*vol1\./), find(/full\..*vol2\./)];
  const change = (name: string, how: (content: Buffer) => Buffer) => async () =>
    swift.put(name, how(await swift.get(name)));
  const remove =
    (...which: string[]) =>
    async () => {
      for (const name of which) await swift.remove(name);
    };
  const newest = await newestTime(swift);
  const ofNewest = names.filter((name) => name.includes(`.${newest}.`));
  assert.equal(ofNewest.length, 4);
  const havens = names.filter((name) => name.includes('haven-manifest')).sort();

  const damages: [string, () => Promise<unknown>, string][] = [
    ['a volume with a flipped bit', change(first, flipped), 'altered'],
    ['a volume that is cut off', change(first, (content) => content.subarray(0, -7)), 'altered'],
    ['an empty volume', change(first, () => Buffer.alloc(0)), 'altered'],
    [
      'two volumes swapped',
      async () => {
        const [one, two] = [await swift.get(first), await swift.get(second)];
        await swift.put(first, two);
        await swift.put(second, one);
      },
      'altered',
    ],
    ['a volume of the full missing', remove(second), 'missing'],
    ['the last volume of the full missing', remove(find(/full\..*vol4\./)), 'missing'],
    ['a volume of an incremental missing', remove(find(/inc\..*vol1\./)), 'missing'],
    ['duplicity’s manifest of the full missing', remove(find(/full\..*manifest/)), 'missing'],
    ['duplicity’s manifest of an incremental missing', remove(find(/inc\..*manifest/)), 'missing'],
    ['duplicity’s manifest of the full corrupted', change(find(/full\..*manifest/), flipped), 'altered'],
    ['duplicity’s last manifest corrupted', change(find(/inc\..*manifest/, -1), flipped), 'altered'],
    ['signatures missing', remove(find(/full-signatures/)), 'missing'],
    ['signatures corrupted', change(find(/full-signatures/), flipped), 'altered'],
    ['the newest backup gone as a whole', remove(...ofNewest), 'rolled-back'],
    ['everything gone', remove(...names), 'rolled-back'],
    ['Haven’s newest manifest gone', remove(havens.at(-1)!), 'rolled-back'],
    ['Haven’s manifest of the full gone', remove(havens[0]!), 'broken-chain'],
    ['Haven’s newest manifest corrupted', change(havens.at(-1)!, flipped), 'unreadable'],
    [
      'Haven’s newest manifest replaced by an older one',
      async () => {
        await swift.put(havens.at(-1)!, await swift.get(havens[0]!));
      },
      'unreadable',
    ],
    [
      'a volume too many',
      async () => swift.put(second.replace('vol2', 'vol5'), await swift.get(second)),
      'extra',
    ],
  ];
  for (const [name, damage, kind] of damages) {
    await context.test(name, async () => {
      await damage();

      const audit = await machine.run('audit');

      assert.equal(audit.status, 30, audit.stdout);
      assert.ok(kinds(audit).includes(kind), `${kind} is among ${kinds(audit)}`);
      await restore();
    });
  }
  const whole = await machine.run('audit');
  assert.equal(whole.status, 0, whole.stdout);
});

test('a damaged chain is not built upon: the next backup is a full, and says why', async (context) => {
  const { swift, ...machine } = await withChain(context);
  const volume = (await swift.list()).map(({ name }) => name).find((name) => /full\..*vol2\./.test(name));
  await swift.remove(volume!);

  const next = await machine.run('backup', { snapshot: 'haven-4', guid: '4' });
  const emptied = (await swift.list()).map(({ name }) => name);
  for (const name of emptied) await swift.remove(name);
  const last = await machine.run('backup', { snapshot: 'haven-5', guid: '5' });

  assert.equal(next.status, 0, next.stdout + next.stderr);
  assert.equal((next.result.backups as { kind: string }[])[0]?.kind, 'full');
  assert.match(next.stdout, /the newest chain is damaged/);
  assert.ok(notes(last).includes('rolled-back'), last.stdout);
});

test('bytes that rot below the store’s own checksums are seen by no audit: a restore sees them', async (context) => {
  const { swift, ...machine } = await withChain(context);
  // The largest objects are volumes; eight bytes in the middle of one become others on Swift's disk, not by its interface.
  const rot = `
import glob, os
path = max(glob.glob('/srv/node/*/objects/*/*/*/*.data'), key=os.path.getsize)
with open(path, 'r+b') as file:
    file.seek(os.path.getsize(path) // 2)
    file.write(b'rotten!!')
`;
  await execa('docker', ['exec', '--user', '0', swift.name, 'python3', '-c', rot]);

  const audit = await machine.run('audit');
  const back = await machine.restore(await newestTime(swift));

  assert.equal(audit.status, 0, 'the listing still has the old md5');
  assert.notEqual(back.status, 0, back.said);
});
