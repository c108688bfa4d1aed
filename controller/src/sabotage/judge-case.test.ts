import assert from 'node:assert/strict';
import { test } from 'node:test';
import { damages, type Expected } from './damages.ts';
import { judgeCase, type Seen } from './judge-case.ts';

const expected: Expected = {
  audit: 'altered',
  drill: { exit: 30, reason: 'part {part} of {parts} is damaged' },
};
const about = { part: '2', parts: '3' };
const found: Seen = {
  audit: { exit: 30, findings: ['altered'], message: 'its md5 is not the recorded one' },
  drill: {
    exit: 30,
    message: 'part 2 of 3 is damaged: its stored sha256 is another',
    whole: false,
    all: false,
  },
};
const green: Seen = {
  audit: { exit: 0, findings: [], message: '' },
  drill: { exit: 0, message: '', whole: true, all: true },
};

test('damage that audit and drill find for the right reason is as expected', () => {
  assert.deepEqual(judgeCase(expected, about, found), { asExpected: true, wrong: [] });
});

test('a whole store that is green is as expected', () => {
  assert.deepEqual(judgeCase({ audit: null, drill: null }, {}, green).wrong, []);
});

const wrongs: [string, Expected, Partial<Seen>, RegExp][] = [
  ['an audit that is green over damage', expected, { audit: green.audit }, /audit is GREEN/],
  [
    'an audit that found something else',
    expected,
    { audit: { ...found.audit, findings: ['missing'] } },
    /another reason than altered/,
  ],
  [
    'an audit that could not be made',
    expected,
    { audit: { exit: 11, findings: [], message: 'altered' } },
    /another reason/,
  ],
  ['an audit that is red where it can see nothing', { ...expected, audit: null }, {}, /audit is red/],
  ['a drill that is green over damage', expected, { drill: green.drill }, /drill is GREEN/],
  [
    'a drill that names another part',
    expected,
    { drill: { ...found.drill, message: 'part 1 of 3 is damaged' } },
    /another reason than “part 2 of 3/,
  ],
  ['a drill that could not be done', expected, { drill: { ...found.drill, exit: 11 } }, /another reason/],
  [
    'a red drill that passed all of it on',
    expected,
    { drill: { ...found.drill, all: true } },
    /passed everything on/,
  ],
  ['a drill that is red where nothing it needs is damaged', { ...expected, drill: null }, {}, /drill is red/],
  [
    'a green drill that gave something else',
    { ...expected, drill: null },
    { drill: { ...green.drill, whole: false } },
    /did not give/,
  ],
];
for (const [name, wanted, change, says] of wrongs) {
  test(`${name} is not as expected`, () => {
    const { asExpected, wrong } = judgeCase(wanted, about, { ...found, ...change });

    assert.equal(asExpected, false);
    assert.match(wrong.join('; '), says);
  });
}

test('each damage has a name of its own, and something that turns red in each strategy', () => {
  assert.equal(new Set(damages.map(({ name }) => name)).size, damages.length);
  for (const { name, expected: each } of damages)
    for (const [strategy, { audit, drill }] of Object.entries(each))
      assert.ok(audit !== null || drill !== null, `${name} is red nowhere in strategy ${strategy}`);
});
