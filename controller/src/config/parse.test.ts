import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configuredStrategies, sectionOf, strategyNamed } from '../strategies/configured.ts';
import { maskSecrets } from './mask.ts';
import { type Parsed, parseConfig } from './parse.ts';
import { entriesOf } from './schema.ts';

const minimal = 'datasets: { home: { dataset: "tank/my home" } }\nstrategies: { b: {} }\n';

function problems(parsed: Parsed): string[] {
  assert.ok(!parsed.ok);
  return parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

test('a configuration of datasets and a strategy is enough, the rest has defaults', () => {
  const parsed = parseConfig(minimal);

  assert.ok(parsed.ok);
  assert.equal(parsed.config.strategies.b?.image, 'haven/strategy-b');
  assert.equal(parsed.config.strategies.b?.limits.memory, 2 ** 30);
  assert.equal(parsed.config.timezone, 'UTC');
  assert.deepEqual(entriesOf(parsed.config, 'b'), [
    { id: 'home', dataset: 'tank/my home', recursive: false, exclude: [] },
  ]);
});

const recursive = (exclude: string) =>
  minimal.replace('"tank/my home"', `tank/home, recursive: true, exclude: ["${exclude}"]`);

const mistakes: [string, string, RegExp][] = [
  [
    'an exclude of a dataset that is taken alone',
    minimal.replace('"tank/my home"', 'tank/home, exclude: [tank/home/x]'),
    /^datasets\.home\.exclude\.0: only with `recursive: true`/,
  ],
  ['an exclude of something else', recursive('tank/other'), /exclude\.0: is not below tank\/home/],
  ['an exclude that only begins alike', recursive('tank/home2'), /exclude\.0: is not below/],
  ['an exclude of everything', recursive('tank/home'), /exclude\.0: excludes everything/],
  ['an exclude of a snapshot', recursive('tank/home/x@y'), /exclude\.0: the full name/],
  ['a bad time zone', `${minimal}timezone: Mars/Olympus`, /^timezone: no such time zone/],
  ['a misspelt field', `${minimal}timezoen: UTC`, /^timezoen: unknown field/],
  [
    'a misspelt field deep inside',
    minimal.replace('b: {}', 'b: { scheduel: "0 3 * * *" }'),
    /^strategies\.b\.scheduel: unknown/,
  ],
  [
    'a cron expression that is none',
    minimal.replace('b: {}', 'b: { schedule: "a t n i ght" }'),
    /^strategies\.b\.schedule\.cron: not a cron/,
  ],
  [
    'a cron expression with seconds',
    minimal.replace('b: {}', 'b: { schedule: "0 0 3 * * *" }'),
    /^strategies\.b\.schedule\.cron: five fields/,
  ],
  [
    'a single day in place of a rhythm',
    minimal.replace('b: {}', 'b: { schedule: "2030-01-01T00:00:00" }'),
    /^strategies\.b\.schedule\.cron: five fields/,
  ],
  [
    'a nickname that there is not',
    minimal.replace('b: {}', 'b: { schedule: "@often" }'),
    /^strategies\.b\.schedule\.cron: not a cron/,
  ],
  [
    'a cron expression that never comes due',
    minimal.replace('b: {}', 'b: { schedule: "0 0 31 2 *" }'),
    /schedule\.cron: not a cron/,
  ],
  [
    'a dataset that nobody defined',
    minimal.replace('b: {}', 'b: { datasets: [work] }'),
    /^strategies\.b\.datasets\.0: no dataset has the id 'work'/,
  ],
  [
    'a snapshot in place of a dataset',
    minimal.replace('my home', 'home@monday'),
    /^datasets\.home\.dataset: the full name/,
  ],
  ['a dataset that is an option', minimal.replace('tank/my home', '-r'), /^datasets\.home\.dataset/],
  ['no dataset at all', 'datasets: {}\nstrategies: { b: {} }', /^datasets: name at least one/],
  [
    'two ids of one dataset',
    minimal.replace('} }\n', '}, twin: { dataset: "tank/my home" } }\n'),
    /^datasets: two ids/,
  ],
  ['an id in capitals', minimal.replace('home:', 'Home:'), /^datasets.*: not a valid name/],
  [
    'too little memory',
    minimal.replace('b: {}', 'b: { limits: { memory: 1k } }'),
    /^strategies\.b\.limits\.memory: at least/,
  ],
  ['a relative scratch folder', `${minimal}drill: { scratch: tmp }`, /^drill\.scratch: an absolute path/],
  [
    'a rotation that one missed drill would break',
    `${minimal}drill: { everyDatasetWithinDays: 10, schedule: { b: "0 5 * * 0" } }`,
    /^drill\.everyDatasetWithinDays: drill\.schedule\.b comes due too rarely for that: at least 14 days/,
  ],
  ['no strategy', 'datasets: { home: { dataset: tank } }', /^strategies: missing/],
  ['an empty file', '', /^datasets: missing/],
  ['what is not YAML', 'datasets: [', /^: /],
];
for (const [name, text, expected] of mistakes) {
  test(`${name} is an error with its path`, () => {
    assert.match(problems(parseConfig(text)).join('\n'), expected);
  });
}

test('all mistakes are named at once, each with its line', () => {
  const text =
    'timezone: Mars/X\ndatasets:\n  home: { dataset: "tank@x" }\nstrategies:\n  b:\n    colour: red\n';

  const parsed = parseConfig(text);

  assert.ok(!parsed.ok);
  assert.deepEqual(parsed.problems.map(({ path, line }) => [path, line]).sort(), [
    ['datasets.home.dataset', 3],
    ['strategies.b.colour', 6],
    ['timezone', 1],
  ]);
});

test('the settings of a strategy are passed through unread', () => {
  const parsed = parseConfig(minimal.replace('b: {}', 'b: { settings: { anything: { goes: [1] } } }'));

  assert.ok(parsed.ok);
  assert.deepEqual(parsed.config.strategies.b?.settings, { anything: { goes: [1] } });
});

test('what looks like a secret is masked, what merely looks like it is not', () => {
  const settings = {
    api: { tokenUrl: 'https://x', refresh_token: 'abc' },
    passphrase: 'abc',
    nested: [{ apiKey: 'abc' }],
  };

  assert.deepEqual(maskSecrets({ settings }), {
    settings: {
      api: { tokenUrl: 'https://x', refresh_token: '***' },
      passphrase: '***',
      nested: [{ apiKey: '***' }],
    },
  });
});

test('both strategies have the same fields, each with an image of its own', () => {
  const parsed = parseConfig(minimal.replace('{ b: {} }', '{ a: { datasets: [home] }, b: {} }'));

  assert.ok(parsed.ok);
  const { a, b } = parsed.config.strategies;
  assert.deepEqual([a?.image, b?.image], ['haven/strategy-a', 'haven/strategy-b']);
  assert.deepEqual(
    configuredStrategies(parsed.config).map(({ name }) => name),
    ['a', 'b'],
  );
});

test('what is said of a strategy that there is not is a mistake', () => {
  const wrong: [string, RegExp][] = [
    [minimal.replace('{ b: {} }', '{}'), /^strategies: name at least one strategy/],
    [`${minimal}drill: { schedule: { a: "0 3 * * *" } }\n`, /^drill\.schedule\.a: there is no strategy a/],
    [
      `${minimal}drill: { stream: { schedule: { a: "0 3 * * *" } } }\n`,
      /^drill\.stream\.schedule\.a: there is no strategy a/,
    ],
    [
      minimal.replace('b: {}', 'a: { datasets: [nowhere] }'),
      /^strategies\.a\.datasets\.0: no dataset has the id/,
    ],
  ];
  for (const [text, expected] of wrong) assert.match(problems(parseConfig(text)).join(), expected);
});

test('a strategy that is not configured cannot be asked for', () => {
  const parsed = parseConfig(minimal);

  assert.ok(parsed.ok);
  assert.throws(() => sectionOf(parsed.config, strategyNamed('a')), /strategy a is not configured/);
});
