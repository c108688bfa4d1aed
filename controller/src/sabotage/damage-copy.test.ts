import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CopiedObject, readCopy } from './copy.ts';
import { type Change, damageCopy } from './damage-copy.ts';

const backup = '0f0f0f0f';
const objects: CopiedObject[] = ['first', 'second', 'third'].map((text, part) => ({
  ...{ file: `00000${part}`, backup, role: 'data', part, bytes: text.length, name: text },
}));

function damaged(context: TestContext, changes: Change[]): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'haven-damage-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const whole = join(folder, 'whole');
  mkdirSync(whole);
  for (const { file, name } of objects) writeFileSync(join(whole, file), name);

  const found = damageCopy(whole, objects, changes, join(folder, 'damaged'));

  assert.deepEqual(readCopy(join(folder, 'damaged')), found);
  for (const { file, name } of objects)
    assert.equal(readFileSync(join(whole, file), 'utf8'), name, 'the whole copy stays whole');
  return Object.fromEntries(
    found.map(({ name, file }) => [name, readFileSync(join(folder, 'damaged', file), 'utf8')]),
  );
}

const [one, two] = ['000000', '000001'];
const cases: [string, Change[], Record<string, string>][] = [
  ['nothing', [], { first: 'first', second: 'second', third: 'third' }],
  ['a flipped bit', [{ do: 'flip', file: one, at: 1 }], { first: 'fyrst', second: 'second', third: 'third' }],
  ['a cut', [{ do: 'cut', file: two, to: 3 }], { first: 'first', second: 'sec', third: 'third' }],
  ['a loss', [{ do: 'drop', file: two }], { first: 'first', third: 'third' }],
  [
    'a swap',
    [
      { do: 'put', file: one, from: two },
      { do: 'put', file: two, from: one },
    ],
    { first: 'second', second: 'first', third: 'third' },
  ],
  [
    'a double',
    [{ do: 'double', file: two, as: { name: 'again' } }],
    { first: 'first', second: 'second', third: 'third', again: 'second' },
  ],
];
for (const [name, changes, contents] of cases) {
  test(`a copy with ${name}`, (context) => assert.deepEqual(damaged(context, changes), contents));
}

test('what rotted is given altered, and listed as it was', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'haven-damage-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const { file, name } of objects) writeFileSync(join(folder, file), name);

  const found = damageCopy(folder, objects, [{ do: 'rot', file: one, at: 1 }], join(folder, 'damaged'));

  const text = (file: string) => readFileSync(join(folder, 'damaged', file), 'utf8');
  const [{ file, listedAs } = { file: '', listedAs: '' }, ...others] = found;
  assert.deepEqual([text(file), text(listedAs!)], ['fyrst', 'first']);
  assert.ok(others.every((other) => other.listedAs === undefined));
});
