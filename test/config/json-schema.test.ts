// `haven config schema` as an editor uses it: by a validator that is not ours, on the example and on what is wrong.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));
const printed = execFileSync(process.execPath, ['controller/src/main.ts', 'config', 'schema'], {
  cwd: root,
  encoding: 'utf8',
  env: { HAVEN_HOME: '/nonexistent' },
});
const valid = new Ajv2020({ strict: false, allErrors: true }).compile(JSON.parse(printed) as object);
const example = readFileSync(`${root}/haven.example.yaml`, 'utf8');

test('the example is valid', () => {
  assert.ok(valid(parse(example)), JSON.stringify(valid.errors));
});

const minimal = { datasets: { home: { dataset: 'tank/home' } }, strategies: { b: {} } };
const backup = (b: object) => ({ ...minimal, strategies: { b } });

test('a schedule is a cron expression, alone or with how it is kept', () => {
  for (const schedule of [
    '0 3 * * *',
    { cron: '@daily' },
    { cron: '@daily', jitterMinutes: 60, overlap: 'skip' },
  ])
    assert.ok(valid(backup({ schedule })), JSON.stringify(valid.errors));
});

for (const [what, config] of [
  ['nothing', {}],
  ['no dataset of an entry', { ...minimal, datasets: { home: {} } }],
  ['a field that there is not', { ...minimal, timezoen: 'UTC' }],
  ['an id with capitals', { ...minimal, datasets: { Home: { dataset: 'tank/home' } } }],
  ['a snapshot', { ...minimal, datasets: { home: { dataset: 'tank/home@monday' } } }],
  ['a number as schedule', backup({ schedule: 3 })],
  ['an overlap that there is not', backup({ schedule: { cron: '@daily', overlap: 'kill' } })],
  ['a day of jitter and more', backup({ schedule: { cron: '@daily', jitterMinutes: 1441 } })],
  ['a target of no kind', { ...minimal, notify: { targets: [{ kind: 'pigeon' }] } }],
] as const) {
  test(`${what} is marked`, () => {
    assert.equal(valid(config), false);
  });
}
