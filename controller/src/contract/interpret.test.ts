import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Result, readEvent } from './events.ts';
import { type Ended, interpret } from './interpret.ts';

const folder = new URL('../../../images/contract/examples/', import.meta.url);

function example(name: string): Result {
  return Result.parse(JSON.parse(readFileSync(new URL(`valid/event.result-${name}.json`, folder), 'utf8')));
}

const good = example('backup');
const failing = example('failed');

function ended(change: Partial<Ended>): Ended {
  return {
    verb: 'backup',
    run: 'r-0001',
    exitCode: 0,
    results: [good],
    resultWasLast: true,
    garbage: [],
    oomKilled: false,
    stopped: false,
    timedOut: false,
    ...change,
  };
}

/** A result that fits an exit status. */
function failure(exitCode: number, code: string, outcome = 'failed'): Partial<Ended> {
  const error = { ...failing.error!, code };
  return { exitCode, results: [Result.parse({ ...failing, outcome, error })] };
}

const table: [string, Partial<Ended>, string, number, RegExp?][] = [
  ['exit 0 with a valid result', {}, 'ok', 0],
  ['exit 0 without a result', { results: [] }, 'failed', 1, /without a result/],
  [
    'exit 0 and a result that is not the last line',
    { resultWasLast: false },
    'failed',
    1,
    /after its result/,
  ],
  ['exit 0 and two results', { results: [good, good] }, 'failed', 1, /2 results/],
  ['exit 0 and a line that is no event', { garbage: ['not JSON'] }, 'failed', 1, /no event/],
  ['exit 0 and outcome failed', { results: [failing] }, 'failed', 1, /contradict/],
  ['exit 0 and no backups in the result', { results: [{ ...good, backups: [] }] }, 'failed', 1, /no backup/],
  [
    'exit 0 and a result without its field',
    { results: [{ ...good, backups: undefined }] },
    'failed',
    1,
    /lacks backups/,
  ],
  ['exit 0 and an error', { results: [{ ...good, error: failing.error }] }, 'failed', 1, /with an error/],
  [
    'exit 0 and the result of another verb',
    { results: [{ ...good, verb: 'list' }] },
    'failed',
    1,
    /of verb list/,
  ],
  [
    'exit 0 and the result of another run',
    { results: [{ ...good, run: 'r-2' }] },
    'failed',
    1,
    /another run/,
  ],
  [
    'exit 0 and the result of no run',
    { results: [{ ...good, run: undefined }] },
    'failed',
    1,
    /names no run/,
  ],
  ['exit 0 and another contract', { results: [{ ...good, contract: '2.0' }] }, 'failed', 1, /contract 2.0/],
  [
    'a verify that compared nothing',
    {
      verb: 'verify',
      results: [{ ...example('verify'), comparison: { ...example('verify').comparison!, entries: 0 } }],
    },
    'failed',
    1,
    /nothing compared/,
  ],
  [
    'a verify with mismatches that says ok',
    {
      verb: 'verify',
      results: [{ ...example('verify'), comparison: { ...example('verify').comparison!, mismatches: 1 } }],
    },
    'failed',
    1,
    /mismatches/,
  ],
  [
    'an audit with findings that says ok',
    {
      verb: 'audit',
      results: [
        {
          ...example('verify'),
          verb: 'audit',
          audit: {
            backups: 1,
            parts: 1,
            storedBytes: 1,
            calls: 1,
            findings: [{ kind: 'missing', message: 'm' }],
          },
        },
      ],
    },
    'failed',
    1,
    /with findings/,
  ],
  ['3 bad-request', failure(3, 'bad-request'), 'failed', 3],
  ['10 partial', failure(10, 'partial', 'partial'), 'partial', 10],
  ['10 with outcome ok', { exitCode: 10 }, 'failed', 1, /contradict/],
  ['10 with outcome failed', failure(10, 'partial'), 'failed', 1, /contradict/],
  ['11 try-later', failure(11, 'try-later'), 'failed', 11],
  ['20 source-unreadable', failure(20, 'source-unreadable'), 'failed', 20],
  ['21 store-full', failure(21, 'store-full'), 'failed', 21],
  ['22 credentials-revoked', failure(22, 'credentials-revoked'), 'failed', 22],
  ['23 local-full', failure(23, 'local-full'), 'failed', 23],
  ['30 damaged', failure(30, 'damaged'), 'failed', 30],
  ['21 and the code of another row', failure(21, 'try-later'), 'failed', 1, /contradict/],
  ['21 without a result', { exitCode: 21, results: [] }, 'failed', 1, /without a result/],
  [
    '21 with a result without an error',
    { exitCode: 21, results: [{ ...failing, error: undefined }] },
    'failed',
    1,
    /without an error/,
  ],
  ['an unknown exit status', failure(77, 'failed'), 'failed', 1],
  ['an unknown exit status without a result', { exitCode: 77, results: [] }, 'failed', 1],
  ['an unknown exit status with a known code', failure(77, 'try-later'), 'failed', 1, /contradict/],
  ['143 with its result', failure(143, 'interrupted', 'interrupted'), 'interrupted', 143],
  ['143 without a result', { exitCode: 143, results: [] }, 'interrupted', 143],
  ['143 with outcome ok', { exitCode: 143 }, 'failed', 1, /contradict/],
  ['137 after we asked it to stop', { exitCode: 137, results: [], stopped: true }, 'failed', 1, /grace time/],
  ['137 out of nowhere', { exitCode: 137, results: [] }, 'failed', 1, /SIGKILL/],
  ['out of memory', { exitCode: 137, results: [], oomKilled: true }, 'failed', 1, /memory limit/],
  ['out of memory in a child, exit 0', { oomKilled: true }, 'failed', 1, /memory limit/],
  [
    'the maximum run time',
    { ...failure(143, 'interrupted', 'interrupted'), timedOut: true },
    'failed',
    1,
    /maximum run time/,
  ],
];
for (const [name, change, outcome, exitCode, message] of table) {
  test(`${name} is ${outcome}, exit ${exitCode}`, () => {
    const interpretation = interpret(ended(change));

    assert.deepEqual([interpretation.outcome, interpretation.exitCode], [outcome, exitCode]);
    assert.equal(interpretation.error === undefined, outcome === 'ok');
    if (message !== undefined) assert.match(interpretation.error?.message ?? '', message);
    if (outcome === 'ok') assert.equal(interpretation.result, good);
  });
}

for (const name of readdirSync(new URL('valid/', folder)).filter((file) => file.startsWith('event.'))) {
  test(`the contract's own ${name} is read as an event`, () => {
    const line = JSON.stringify(JSON.parse(readFileSync(new URL(`valid/${name}`, folder), 'utf8')));

    assert.deepEqual(readEvent(line), { ok: true, event: JSON.parse(line) });
  });
}

test('unknown events and unknown fields are let through', () => {
  const lines = [
    '{"event":"heartbeat","at":"2026-11-23T20:00:00Z","n":1}',
    '{"event":"note","at":"2026-11-23T20:00:00Z","level":"info","code":"x","message":"y","more":1}',
  ];

  for (const line of lines) assert.deepEqual(readEvent(line), { ok: true, event: JSON.parse(line) });
});

const notEvents = [
  'hello',
  '',
  '[]',
  'null',
  '{"event":"note"}',
  '{"event":"note","at":"yesterday"}',
  '{"event":"note","at":"2026-11-23T20:00:00+01:00","level":"info","code":"x","message":"y"}',
  '{"event":"progress","at":"2026-11-23T20:00:00Z","phase":"x","done":-1,"total":null,"unit":"bytes"}',
  '{"event":"result","at":"2026-11-23T20:00:00Z","contract":"1.0","verb":"list","outcome":"great"}',
];
for (const line of notEvents) {
  test(`'${line}' is no event, and is not repeated in the reason`, () => {
    const read = readEvent(line);

    assert.ok(!read.ok);
    assert.ok(line.length < 5 || !read.reason.includes(line));
  });
}
