import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { text } from './question.ts';
import { terminalAsk } from './terminal-ask.ts';

test('a question whose terminal is gone is given up: the next wizard gets the lock', {
  timeout: 5000,
}, async () => {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const ask = terminalAsk({ input, write: () => {} }, new AbortController().signal, 50);

  await assert.rejects(ask(text('user', 'User', undefined)), /the question was not answered/);
});

test('whoever answers in time is asked as often as it takes', async () => {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const typed = ['', 'me'];
  const write = (shown: string) => void (/: $/.test(shown) && input.write(`${typed.shift()}\n`));
  const ask = terminalAsk({ input, write }, new AbortController().signal, 5000);

  assert.equal(await ask(text('user', 'User', undefined)), 'me');
});
