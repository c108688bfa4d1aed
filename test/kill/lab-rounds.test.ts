// The rounds of `test/kill/lab-run` upon a lab that is played: what a real one could give back must turn them red.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Left } from './lab-left.ts';
import { partName } from './lab-left.ts';
import { killInTheLab, type Round } from './lab-rounds.ts';
import type { Lab } from './lab-step.ts';

interface Backup {
  id: string;
  kind: 'full' | 'incremental';
  base: string | null;
  guid: string;
  parts: number;
}

interface Played {
  lab: Lab;
  calls: string[];
}

/** What is different from a lab in which all is well. */
interface Wrong {
  storedTwice?: boolean;
  leftInSpool?: string[];
  madeAnew?: number;
  drillExit?: number;
  restoredGuid?: string;
  otherBase?: string;
  holds?: string;
}

/** What the contract gives as an example of a verb's result. */
function example(verb: string): object {
  const file = new URL(`../../images/contract/examples/valid/event.result-${verb}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as object;
}

const parts = 3;
const md5 = (name: string) => `md5 of ${name}`;

/** A lab in which each killed run made two of three parts, and all is well but for what a test makes wrong. */
function playedLab(wrong: Wrong = {}): Played {
  const calls: string[] = [];
  const made: Backup[] = [];
  let guid = 0;
  let remembered = '';
  let inFlight: Left | undefined;
  /** The kind of the backup in flight. */
  let begun: string | undefined;
  const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1000).toISOString();
  const result = (verb: string, more: object, seconds = 50) =>
    `${JSON.stringify({ event: 'result', at: at(seconds), contract: '1.0', verb, run: 'kill', outcome: 'ok', ...more })}\n`;
  const events = (count: number) =>
    [
      { event: 'started', at: at(0), verb: 'backup', run: 'kill', contract: '1.0' },
      ...Array.from({ length: count }, (_, part) => ({
        ...{ event: 'part', at: at(10 * (part + 1)), source: 'data' },
        ...{ part, streamBytes: 100, storedBytes: 50 },
      })),
    ]
      .map((event) => `${JSON.stringify(event)}\n`)
      .join('');

  function backUp(kind: string): Backup {
    const base = (begun ?? kind) === 'auto' ? made.at(-1) : undefined;
    const id = String(made.length).padStart(32, '0');
    const baseId = base === undefined ? null : (wrong.otherBase ?? base.id);
    const backup = { id, base: baseId, guid: String(guid), parts } as const;
    made.push({ ...backup, kind: base === undefined ? 'full' : 'incremental' });
    inFlight = begun = undefined;
    return made.at(-1)!;
  }

  function stored(): object {
    const { id } = made.at(-1)!;
    const names = Array.from({ length: parts }, (_, n) => partName(id, n));
    const files = [...names, `h1-${id}-manifest`].map((name, n) => ({
      name,
      content: { md5: n < (wrong.madeAnew ?? 0) ? 'another' : md5(name) },
    }));
    return { files: wrong.storedTwice ? [...files, files[0]] : files };
  }

  const steps: Record<string, (args: string[], input: string) => string> = {
    setup: () => 'the CA',
    remembered: () => remembered,
    remember: (_, input) => {
      remembered = input;
      return '';
    },
    change: () => `${++guid}\n`,
    backup: (_, input) => {
      const backup = backUp(JSON.parse(input).kind);
      const rest = {
        chain: backup.id,
        source: 'data',
        createdAt: at(0),
        committedAt: at(50),
        streamBytes: 300,
        streamSha256: 'a'.repeat(64),
        storedBytes: 150,
        type: 'filesystem',
        seconds: 50,
      };
      const sources = [{ id: 'data', outcome: 'ok', backup: backup.id }];
      return events(parts) + result('backup', { backups: [{ ...backup, ...rest }], sources });
    },
    killed: (_, input) => {
      begun ??= JSON.parse(input).kind as string;
      const id = String(made.length).padStart(32, '0');
      const journalled = [0, 1].map((n) => [n, md5(partName(id, n))] as const);
      inFlight = { made: new Map([[id, new Map(journalled)]]), spool: wrong.leftInSpool ?? [] };
      return `${events(2)}{"event":"progr`;
    },
    stored: () => JSON.stringify(stored()),
    holds: () => wrong.holds ?? `snap\thaven:b:${made.at(-1)!.id}\nhaven-b-${made.at(-1)!.id}\n`,
    drill: () => {
      const { received } = example('receive') as { received: object };
      const restored = { ...received, guid: wrong.restoredGuid ?? String(guid) };
      return [{ ...example('receive'), received: restored }, example('fetch'), example('verify')]
        .map((event) => `${JSON.stringify(event)}\n`)
        .join('');
    },
  };

  const lab: Lab = {
    bringTree: async () => undefined,
    left: async () => inFlight ?? { made: new Map(), spool: [] },
    attempt: async ([name, ...args], input = '') => {
      calls.push([name, ...args].join(' '));
      const exitCode = name === 'drill' ? (wrong.drillExit ?? 0) : 0;
      return { exitCode, stdout: steps[name!]!(args, input), stderr: '' };
    },
    cutPowerAtNow: async ([, ...args], input) => {
      steps.killed!(args, input);
      calls.push('power cut');
      return true;
    },
  };
  return { lab, calls };
}

async function rounds(lab: Lab, by: 'kill' | 'power-cut' = 'kill', kills = 6): Promise<Round[]> {
  const more = { seed: 7, from: 1, until: Number.POSITIVE_INFINITY, onRound: () => undefined };
  return await killInTheLab({ ...more, by, kills }, lab);
}

test('where all is well there are as many kills as were asked for, and every third backup is an incremental', async () => {
  const { lab, calls } = playedLab();

  const table = await rounds(lab);

  assert.ok(table.flatMap(({ kills }) => kills).length >= 6);
  assert.ok(table.every(({ madeTwice, drilled }) => madeTwice === 0 && drilled.mismatches === 0));
  assert.equal(calls.filter((call) => call.startsWith('drill ')).length, table.length);
  const kinds = table.map(({ round, backup, drilled }) => [round % 3 === 0, backup.kind, drilled.streams]);
  assert.deepEqual(
    kinds,
    table.map(({ round }) => (round % 3 === 0 ? [true, 'incremental', 2] : [false, 'full', 1])),
  );
});

test('the same seed draws the same kills', async () => {
  const drawn = async () => {
    const { lab, calls } = playedLab();
    await rounds(lab);
    return calls.filter((call) => call.startsWith('killed '));
  };

  const [first, second] = [await drawn(), await drawn()];

  assert.deepEqual(first, second);
  assert.ok(new Set(first).size > 3, 'they are spread');
});

test('a later run goes on with the chain, without a backup of its own', async () => {
  const { lab, calls } = playedLab();
  await rounds(lab, 'kill', 1);
  const before = calls.filter((call) => call === 'backup').length;

  const [more] = await rounds(lab, 'kill', 1);

  assert.equal(calls.filter((call) => call === 'backup').length, before + 1);
  assert.equal(more!.drilled.mismatches, 0);
});

test('after a power cut all is set up again before anybody looks', async () => {
  const { lab, calls } = playedLab();

  await rounds(lab, 'power-cut', 1);

  assert.equal(calls[calls.indexOf('power cut') + 1], 'setup');
});

const reds: [string, Wrong, RegExp][] = [
  ['a file that is there twice', { storedTwice: true }, /a file is there twice/],
  ['two parts made twice after one kill', { madeAnew: 2 }, /made twice, by kill: 2/],
  [
    'a part that the kill left, and another made anew',
    { madeAnew: 1, leftInSpool: ['h1-x-000002'] },
    /by kill: 2/,
  ],
  ['a drill that failed', { drillExit: 5 }, /exit 5/],
  ['a restored snapshot of another GUID', { restoredGuid: '99' }, /deep-equal/],
  ['an older hold that was not released', { holds: 'a\thaven:b:1\nb\thaven:b:2\n' }, /deep-equal/],
];
for (const [what, wrong, message] of reds) {
  test(`red: ${what}`, async () => {
    await assert.rejects(rounds(playedLab(wrong).lab), message);
  });
}

test('red: an incremental upon another backup than the last', async () => {
  await assert.rejects(
    rounds(playedLab({ otherBase: 'f'.repeat(32) }).lab, 'kill', 12),
    /another backup than the last/,
  );
});
