// The verdict as it lies in verdicts/: complete as JSON, readable as a page, and harmless whatever a restored file is called.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { groundApp, makeGround } from '../../testing/ground.ts';
import type { Evidence } from '../drill/evidence.ts';
import { judge } from '../drill/verdict.ts';
import { strategyA } from '../strategies/a.ts';
import { failedBefore } from './drill-steps.ts';
import { sumUp, writeVerdict } from './drill-verdict.ts';

const now = new Date('2026-11-27T01:00:00Z');
const backup = {
  ...{
    id: '0f0f0f0f',
    chain: '0f0f0f0f',
    kind: 'full',
    base: null,
    source: 'home',
    guid: '7',
    type: 'filesystem',
  },
  ...{ createdAt: '2026-11-26T20:00:00Z', committedAt: '2026-11-26T21:00:00Z' },
  ...{ parts: 3, storedBytes: 500, streamBytes: 1000 },
} as const;
const compared = {
  ...{ entries: 12, files: 10, bytes: 900, mismatches: 0, byType: { file: 10 }, checked: ['mode'] },
  ...{ tools: {}, seconds: 1 },
};
const hostile = `<script>alert('x')</script>"&\n\u202egpj.exe`;

interface Case {
  details?: string;
  evidence?: Partial<Evidence>;
  name?: string;
}

async function written(context: TestContext, { details, evidence = {}, name = 'home' }: Case) {
  const ground = makeGround(context);
  const app = groundApp(context, ground);
  const folder = join(app.home.runs, 'r1');
  if (details !== undefined) {
    mkdirSync(join(folder, 'out', name), { recursive: true });
    writeFileSync(join(folder, 'out', name, 'comparison.json'), details);
  }
  const known = {
    ...failedBefore(strategyA, 'home', now, 'it was not asked'),
    ...{ backup: { ok: true, value: backup }, compared: { ok: true, value: compared } },
    ...{ tools: { duplicity: '3.0.4', drill: { python: '3.13.5' } }, notKept: ['sockets'] },
    ...evidence,
  } as Evidence;
  const verdict = sumUp({
    ...{
      run: 'r1',
      level: 'restore',
      strategy: strategyA,
      startedAt: now,
      endedAt: now,
      rot: [],
      rotation: null,
      preflight: null,
    },
    sources: [judge(known)],
  });
  await writeVerdict(app, verdict, folder);
  const path = join(app.home.verdicts, 'r1');
  const json = JSON.parse(readFileSync(`${path}.json`, 'utf8')) as { sources: { differences: unknown }[] };
  return { json, html: readFileSync(`${path}.html`, 'utf8'), path, verdict };
}

const details = (listed: unknown[], mismatches = listed.length) => JSON.stringify({ mismatches, listed });

test('the page says what was drilled, how old it is, by what it was judged, and with which tools', async (context) => {
  const { html } = await written(context, { details: details([]) });

  for (const said of [
    /<title>RED: Restoration drill of strategy a/,
    /0f0f0f0f/,
    /2026-11-26T20:00:00Z/,
    /<td>own-pool<\/td>/,
    /3\.0\.4/,
    /3\.13\.5/,
    /sockets/,
  ])
    assert.match(html, said);
  assert.doesNotMatch(html, /differences? from/);
});

test('what differs is named in both documents and in nothing else', async (context) => {
  const item = { path: 'letters/1999.txt', kind: 'mode', source: 420, restored: 384 };
  const { html, json, verdict } = await written(context, { details: details([item], 250) });

  assert.match(html, /250 differences from the source/);
  assert.match(html, /letters\/1999\.txt<\/td><td>mode<\/td><td>420<\/td><td>384/);
  assert.match(html, /… and 249 more/);
  assert.deepEqual(json.sources[0]?.differences, [
    {
      with: 'the source',
      found: { count: 250, first: [{ path: item.path, attribute: 'mode', source: '420', restored: '384' }] },
    },
  ]);
  assert.doesNotMatch(JSON.stringify(verdict), /1999/, 'the history and --json get this one');
});

test('a difference from what the other strategy restored is told as that', async (context) => {
  const item = { path: 'x', kind: 'content', source: 'aa', restored: 'bb' };
  const against = { strategy: 'b', comparable: true, compared: { ok: true, value: compared } } as const;
  const given = { details: details([item]), name: 'home-against-b', evidence: { against } };

  assert.match((await written(context, given)).html, /1 difference from strategy b/);
});

test('a list that is missing or damaged is said to be, and is no list of nothing', async (context) => {
  assert.match((await written(context, {})).html, /could not be read/);
  assert.match((await written(context, { details: '{"mismatches":' })).html, /could not be read/);
});

test('a file’s name is shown and never obeyed', async (context) => {
  const item = { path: hostile, kind: 'extra', source: 'absent', restored: 'present' };
  const { html } = await written(context, { details: details([item]) });

  assert.doesNotMatch(html, /<script/);
  assert.match(html, /&lt;script&gt;alert\(&#39;x&#39;\)&lt;\/script&gt;&quot;&amp;\\u000a\\u202egpj\.exe/);
});

test('the page loads nothing, and both are for the owner alone', async (context) => {
  const { html, path } = await written(context, { details: details([]) });

  assert.doesNotMatch(html, /(src|href)=|url\(|@import/);
  for (const kind of ['json', 'html']) assert.equal(statSync(`${path}.${kind}`).mode & 0o777, 0o600);
});
