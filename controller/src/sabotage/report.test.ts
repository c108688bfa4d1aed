import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowText } from '../cli/sabotage-text.ts';
import { judgeRows, type Row } from './report.ts';

const row = (came: Row['came'], name = 'flip-data'): Row => {
  return {
    name,
    what: 'a bit flipped',
    demanded: 'audit red',
    came,
    reasons: came === 'as demanded' ? [] : ['why'],
  };
};

test('all as demanded is a pass', () => {
  const { pass, sentence } = judgeRows([row('as demanded'), row('as demanded')]);

  assert.equal(pass, true);
  assert.match(sentence, /^2 of 2 came out as they must/);
});

test('one that did not come out as demanded is no pass, and is named', () => {
  const { pass, sentence } = judgeRows([row('as demanded'), row('NOT', 'swap-data')]);

  assert.equal(pass, false);
  assert.match(sentence, /CANNOT BE TRUSTED: 1 of 2 .*\(swap-data\)/);
});

test('what could not be tried is told and not counted; nothing tried is no pass', () => {
  assert.match(judgeRows([row('as demanded'), row('not done')]).sentence, /^1 of 1 .* 1 could not be tried/);
  assert.equal(judgeRows([row('not done')]).pass, false);
  assert.equal(judgeRows([]).pass, false);
});

test('a row tells what happened instead', () => {
  assert.match(rowText(row('NOT')), /FAILED(.|\n)*INSTEAD: why/);
  assert.match(rowText(row('not done')), /because: why/);
});
