// What Prometheus reads. Prometheus' own promtool judges it in test/prometheus.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { datasetName, groundApp, makeGround } from '../../testing/ground.ts';
import type { App } from '../app.ts';
import { metricsText } from './metrics.ts';
import { readStatus } from './status.ts';

const now = new Date('2026-11-26T08:00:00Z');

function prepare(context: TestContext): App {
  const ground = makeGround(context);
  ground.writeConfig({ strategies: ['a', 'b'], schedule: '0 3 * * *' });
  return { ...groundApp(context, ground), now: () => now };
}

function backedUp(app: App): void {
  const createdAt = '2026-11-26T03:00:00.000Z';
  const backup = { createdAt, storedBytes: 4096 };
  app.history.begin({
    ...{ id: 'one', kind: 'backup', strategy: 'b', trigger: 'schedule', started: new Date(createdAt) },
  });
  const ended = new Date('2026-11-26T03:10:00Z');
  app.history.end('one', {
    ended,
    outcome: 'ok',
    exit: 0,
    error: null,
    result: { backups: [backup, backup] },
  });
}

function drilledGreen(app: App): void {
  const started = new Date('2026-11-26T05:00:00Z');
  app.history.begin({ id: 'two', kind: 'drill', strategy: 'b', trigger: 'schedule', started });
  const ended = new Date('2026-11-26T05:30:00Z');
  const evidence = {
    endedAt: ended.toISOString(),
    backup: { ok: true, value: { createdAt: '2026-11-26T03:30:00Z' } },
    compared: { ok: true, value: { bytes: 777 } },
  };
  const result = { sources: [{ pass: true, evidence }] };
  app.history.end('two', { ended, outcome: 'ok', exit: 0, error: null, result });
}

async function read(app: App): Promise<string> {
  return await metricsText({ status: readStatus(app), counts: app.history.counts(), version: '1.2.3' });
}

/** Given the text, return the value of a series; undefined: there is none. */
function value(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

test('ages, sizes and durations of what was good, per strategy', async (context) => {
  const app = prepare(context);
  backedUp(app);
  drilledGreen(app);

  const text = await read(app);

  const expected = {
    'haven_build_info{version="1.2.3"}': 1,
    'haven_backup_last_success_timestamp_seconds{strategy="b"}': Date.parse('2026-11-26T03:00:00Z') / 1000,
    'haven_backup_last_duration_seconds{strategy="b"}': 600,
    'haven_backup_last_bytes{strategy="b"}': 8192,
    'haven_backup_fresh{strategy="b"}': 1,
    'haven_drill_last_bytes{strategy="b"}': 777,
    'haven_drill_last_data_age_seconds{strategy="b"}': 7200,
    'haven_drill_found_damage{strategy="b"}': 0,
    'haven_runs_total{strategy="b",kind="backup",status="ok"}': 1,
    'haven_health{level="fresh"}': 1,
    'haven_health{level="overdue"}': 0,
  };
  for (const [series, number] of Object.entries(expected)) assert.equal(value(text, series), number, series);
});

test('what never was has no sample: it did not happen in 1970', async (context) => {
  const text = await read(prepare(context));

  assert.equal(value(text, 'haven_backup_last_success_timestamp_seconds{strategy="a"}'), undefined);
  assert.equal(value(text, 'haven_backup_fresh{strategy="a"}'), 1);
  assert.equal(value(text, 'haven_drill_fresh{strategy="a"}'), undefined);
});

test('no label holds a name', async (context) => {
  const app = prepare(context);
  const known = {
    home: { dataset: datasetName, root: 'home', goneSince: now.toISOString(), leftOut: false },
  };
  writeFileSync(app.home.datasets.b, JSON.stringify(known));

  const text = await read(app);

  assert.equal(value(text, 'haven_datasets_gone{strategy="b"}'), 1);
  assert.doesNotMatch(text, /secret place|tank/);
  const labels = new Set([...text.matchAll(/[{,]([a-z]+)="/g)].map(([, label]) => label));
  assert.deepEqual(
    [...labels].sort(),
    ['kind', 'level', 'status', 'strategy', 'version'].filter((l) => labels.has(l)),
  );
});

for (const file of ['grafana.json', 'alerts.yml']) {
  test(`docs/operate/${file} asks for nothing that there is not`, async (context) => {
    const app = prepare(context);
    app.config.drill.schedule.b = { cron: '0 5 * * 0', jitterMinutes: 0, overlap: 'wait' };
    backedUp(app);
    drilledGreen(app);
    const there = new Set([...(await read(app)).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const path = new URL(`../../../docs/operate/${file}`, import.meta.url);

    const asked = [...readFileSync(path, 'utf8').matchAll(/\bhaven_[a-z_]+/g)].map(([name]) => name);

    assert.notEqual(asked.length, 0);
    assert.deepEqual(
      asked.filter((name) => !there.has(name)),
      [],
    );
  });
}
