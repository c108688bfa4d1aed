import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fakeState } from '../../testing/fake-zfs.ts';
import { parseConfig } from '../config/parse.ts';
import { homeAt } from '../home.ts';
import { answersAsk } from './answers.ts';
import { type Choices, draftConfig } from './draft-config.ts';
import { estimate } from './estimate.ts';
import { gather } from './gather.ts';
import { makePassphrase } from './passphrase.ts';
import { readPresent } from './present.ts';
import { planFiles, writeFiles } from './write-files.ts';

const swift = {
  version: 3,
  url: 'https://auth.example.org/v3',
  region: 'GRA',
  project: 'p1',
  user: 'me',
  password: 'pw "1',
};
const google = { clientId: 'id-1', clientSecret: 'hush' };
const both = { datasets: '2, tank/home+', uplink: '8', strategies: 'both', a: swift, b: google };
const random = (bytes: number) => Buffer.alloc(bytes, 7);

/** A folder in which nothing is written yet, on a machine with three datasets. */
function bare(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'haven-init-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const told: string[] = [];
  const home = homeAt(folder);
  const { datasets } = fakeState([
    'tank',
    'tank/My Photos',
    'tank/home',
    'tank/home/vm',
    'haven-drill-01/data',
  ]);
  datasets['tank/home/vm']!.type = 'volume';
  const listed = Object.entries(datasets).map(
    ([name, { type }], at) => `${name}\t${type}\t2000000\t${10 ** (6 + at)}\n`,
  );
  const asked = async (answers: object): Promise<Choices> => {
    const ask = answersAsk(JSON.stringify(answers), 'answers');
    const tell = (text: string) => void told.push(text);
    return await gather(
      { ask, tell, zfs: async () => listed.join(''), timezone: 'Europe/Berlin' },
      readPresent(home),
    );
  };
  const set = async (answers: object) => {
    const present = readPresent(home);
    const choices = await asked(answers);
    return planFiles(home, choices, present, draftConfig(choices, present.text, present.config), random);
  };
  return { home, told, asked, set };
}

function configOf(path: string) {
  const parsed = parseConfig(readFileSync(path, 'utf8'));
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.config;
}

test('on a bare machine the answers become a valid haven.yaml, and secrets that are their strategy’s alone', async (context) => {
  const { home, set } = bare(context);

  writeFiles(home, await set(both));

  const { datasets, strategies, drill, timezone } = configOf(home.config);
  assert.deepEqual(datasets, {
    'my-photos': { dataset: 'tank/My Photos', recursive: false, exclude: [] },
    home: { dataset: 'tank/home', recursive: true, exclude: [] },
  });
  assert.equal(timezone, 'Europe/Berlin');
  const { user, password, ...auth } = swift;
  assert.deepEqual(strategies.a!.settings, { container: 'haven', auth });
  assert.deepEqual(strategies.b!.settings, { set: 'haven' });
  assert.equal(strategies.a!.schedule!.cron, '0 3 * * *');
  assert.equal(drill.schedule.b!.cron, '0 5 * * 0');
  assert.deepEqual(JSON.parse(readFileSync(join(home.secrets.a, 'swift.json'), 'utf8')), { user, password });
  for (const [file, uid] of [
    ['a/swift.json', 0],
    ['a/passphrase', 0],
    ['b/passphrase', 1000],
    ['b/google-oauth.json', 1000],
  ] as const) {
    const stat = statSync(join(home.root, 'secrets', file));
    assert.deepEqual([file, stat.mode & 0o777, stat.uid], [file, 0o400, uid]);
  }
  for (const folder of ['secrets', 'secrets/a', 'secrets/b'])
    assert.equal(statSync(join(home.root, folder)).mode & 0o777, 0o700);
  assert.equal(statSync(home.config).mode & 0o777, 0o600);
});

test('run again without an answer it changes nothing, whoever wrote the file', async (context) => {
  const { home, set } = bare(context);
  writeFiles(home, await set(both));
  assert.deepEqual(await set({}), []);

  writeFileSync(home.config, readFileSync(new URL('../../../haven.example.yaml', import.meta.url)));
  assert.deepEqual(await set({}), []);
});

test('comments, and what the wizard does not ask about, stay; one answer changes one line', async (context) => {
  const { home, set } = bare(context);
  writeFiles(home, await set(both));
  const written = readFileSync(home.config, 'utf8');
  chmodSync(home.config, 0o600);
  const mine = written
    .replace('timezone:', '# mine\ntimezone:')
    .replace(
      '    schedule: 0 3 * * *',
      '    maxHours: 9\n    schedule: { cron: "0 3 * * *", jitterMinutes: 60 } # late',
    );
  writeFileSync(home.config, mine);
  assert.notEqual(mine, written);

  const [config] = await set({ timezone: 'UTC' });

  assert.equal(config!.text, mine.replace('Europe/Berlin', 'UTC'));
  const [later] = await set({ backups: '0 4 * * *' });
  assert.match(later!.text, /schedule: { cron: 0 4 \* \* \*, jitterMinutes: 60 } # late/);
});

test('a dataset that is no longer chosen is retired, so that no drill alarms about its backups', async (context) => {
  const { home, set } = bare(context);
  writeFiles(home, await set(both));

  writeFiles(home, await set({ datasets: 'tank/home+' }));

  const { datasets, retired } = configOf(home.config);
  assert.deepEqual([Object.keys(datasets), retired], [['home'], ['my-photos']]);
  writeFiles(
    home,
    await set({ datasets: 'tank/home+, tank/My Photos', ids: { 'tank/My Photos': 'pictures' } }),
  );
  assert.deepEqual(Object.keys(configOf(home.config).datasets), ['home', 'pictures']);
});

test('strategies with hours of their own keep them; one that is added gets those of the other', async (context) => {
  const { home, set } = bare(context);
  writeFiles(home, await set({ ...both, strategies: 'b', backups: '7 1 * * *', drills: 'never' }));
  assert.equal(configOf(home.config).strategies.a, undefined);

  writeFiles(home, await set({ strategies: 'a, b', a: swift }));
  const text = readFileSync(home.config, 'utf8');
  assert.deepEqual(configOf(home.config).strategies.a!.schedule!.cron, '7 1 * * *');
  assert.deepEqual(configOf(home.config).drill.schedule, {});

  writeFileSync(home.config, text.replace('7 1 * * *', '9 9 * * *'));
  assert.deepEqual(await set({}), []);
  writeFiles(home, await set({ strategies: 'b' }));
  assert.equal(configOf(home.config).strategies.a, undefined);
});

test('passphrases: two that differ are made, each of 150 bits, and one that is there is never replaced', async (context) => {
  const { home, asked } = bare(context);
  const made = new Set(
    Array.from({ length: 50 }, () => makePassphrase((count) => crypto.getRandomValues(Buffer.alloc(count)))),
  );
  assert.equal(made.size, 50);
  assert.ok([...made].every((one) => /^([a-km-np-z2-9]{5}-){5}[a-km-np-z2-9]{5}$/.test(one)));
  assert.ok(new Set([...made].join('')).size > 30, 'every letter of the alphabet comes about');
  const choices = await asked(both);
  let count = 0;
  const counting = (bytes: number) => {
    count += 1;
    return Buffer.alloc(bytes, count);
  };
  writeFiles(
    home,
    planFiles(home, choices, readPresent(home), draftConfig(choices, undefined, undefined), counting),
  );
  const of = (name: 'a' | 'b') => readFileSync(join(home.secrets[name], 'passphrase'), 'utf8');
  assert.notEqual(of('a'), of('b'));
  const before = of('b');

  const changed = await asked({ ...both, b: { ...google, clientId: 'id-2' } });
  const files = planFiles(
    home,
    changed,
    readPresent(home),
    draftConfig(changed, undefined, undefined),
    counting,
  );

  assert.deepEqual(
    files.map(({ path }) => path.replace(home.root, '')).filter((path) => path.includes('secrets')),
    ['/secrets/b/google-oauth.json'],
  );
  assert.equal(of('b'), before);
});

test('the first upload is estimated: what is below a tree counts, volumes for strategy B alone', async (context) => {
  const { told, asked } = bare(context);

  await asked({ ...both, datasets: 'tank/home+' });

  // 10⁸ bytes of files for a; with the volume of 10⁹ for b.
  assert.ok(
    told.some((line) => line.includes('95.4 MiB and 1.0 GiB')),
    told.join('\n'),
  );
  // 1.2·10⁹ bytes at 8 Mbit/s: 1200 s.
  assert.ok(
    told.some((line) => line.includes('up to 20 minutes')),
    told.join('\n'),
  );
  assert.ok(!told.join().includes('haven-drill-'));
  assert.match(estimate([1_000_000], 10), /up to a minute\./);
});

const wrong: [string, object, RegExp][] = [
  [
    'a dataset that is not there',
    { ...both, datasets: 'tank/nowhere' },
    /datasets: there is no dataset tank\/nowhere: numbers, or names as they stand above/,
  ],
  ['a dataset twice', { ...both, datasets: '1, tank' }, /datasets: tank is named twice/],
  ['no dataset', { ...both, datasets: ',' }, /datasets: at least one/],
  [
    'an id that is taken',
    { ...both, ids: { 'tank/home': 'my-photos' } },
    /ids.tank\/home: my-photos is taken/,
  ],
  [
    'no answer where one is needed',
    { ...both, a: { ...swift, user: undefined } },
    /there is no answer to a.user \(OS_USERNAME\)/,
  ],
  [
    'a key that no question has',
    { ...both, a: { ...swift, pasword: 'hunter2' } },
    /no question has the key a.pasword$/,
  ],
  ['a time zone that is none', { ...both, timezone: 'Mars' }, /timezone: no such time zone/],
  ['a time that never comes', { ...both, backups: '0 0 30 2 *' }, /backups: five fields/],
  [
    'an address with a password',
    { ...both, a: { ...swift, url: 'https://u:hunter2@x/' } },
    /a.url: an address such as/,
  ],
  ['another strategy', { ...both, strategies: 'a and c' }, /strategies: a, b, or both/],
  [
    'a file that is not there',
    { ...both, b: { clientId: 'x', clientSecretFile: '/nowhere' } },
    /\/nowhere cannot be read \(ENOENT\)/,
  ],
  ['an uplink of nothing', { ...both, uplink: '0' }, /uplink: a number/],
];
for (const [name, answers, expected] of wrong) {
  test(`${name} is refused by its key, and nothing is repeated that may be secret`, async (context) => {
    const { asked } = bare(context);

    await assert.rejects(asked(answers), (error: Error & { report: { code: string } }) => {
      assert.equal(error.report.code, 'bad-request');
      assert.match(error.message, expected);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  });
}

test('a password may be in a file of its own; a file that is no YAML is refused without its words', async (context) => {
  const { home, asked } = bare(context);
  const passwordFile = join(home.root, 'pw');
  writeFileSync(passwordFile, 'from a file\n');

  const { password: _, ...rest } = swift;
  assert.equal((await asked({ ...both, a: { ...rest, passwordFile } })).a!.login.password, 'from a file');
  assert.throws(
    () => answersAsk('{ hunter2', 'answers'),
    (error: Error) => !error.message.includes('hunter2'),
  );
  assert.throws(
    () => answersAsk('hunter2', 'answers'),
    (error: Error) => !error.message.includes('hunter2'),
  );
});

test('a haven.yaml with a mistake is neither guessed at nor overwritten', async (context) => {
  const { home, set } = bare(context);
  writeFileSync(home.config, 'datasets: {');

  await assert.rejects(set(both), /haven.yaml has/);
  assert.equal(readFileSync(home.config, 'utf8'), 'datasets: {');
  assert.ok(!existsSync(join(home.root, 'secrets')));
});
