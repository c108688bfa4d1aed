// Prometheus' own judge of all that is made for Prometheus: the metrics, the alert rules and when they ring, and the dashboard's questions.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { metricsText } from '../../controller/src/status/metrics.ts';
import { readStatus } from '../../controller/src/status/status.ts';
import { groundApp, makeGround } from '../../controller/testing/ground.ts';

const operate = fileURLToPath(new URL('../../docs/operate', import.meta.url));

/** Runs promtool with the docs of an operator beside it; throws, with its words, when it objects. */
async function promtool(args: string[], input = ''): Promise<string> {
  const { exitCode, all } = await execa(
    'docker',
    [
      ...['run', '--rm', '--interactive', '--network', 'none', '--volume', `${operate}:/operate:ro`],
      ...['--workdir', '/operate', 'haven/promtool', 'promtool', ...args],
    ],
    { input, reject: false, all: true },
  );
  assert.equal(exitCode, 0, all);
  return all;
}

test('promtool finds nothing to object to in the metrics', async (context) => {
  const ground = makeGround(context);
  ground.writeConfig({ strategies: ['a', 'b'], schedule: '0 3 * * *' });
  const app = groundApp(context, ground);
  const started = new Date();
  app.history.begin({ id: 'one', kind: 'backup', strategy: 'b', trigger: 'schedule', started });
  const result = { backups: [{ createdAt: started.toISOString(), storedBytes: 4096 }] };
  app.history.end('one', { ended: new Date(), outcome: 'ok', exit: 0, error: null, result });
  const counts = app.history.counts();

  const text = await metricsText({ status: readStatus(app), counts, version: '1.2.3' });

  assert.match(text, /^haven_backup_last_bytes\{strategy="b"\} 4096$/m);
  assert.equal(await promtool(['check', 'metrics'], text), '');
});

test('the alert rules ring when a backup is overdue, warn when it is late, and ring when Haven is silent', async () => {
  const alert = (alertname: string, level: string | undefined, severity: string, annotations: object) => ({
    exp_labels: { ...(level === undefined ? {} : { level }), severity },
    exp_annotations: annotations,
    alertname,
  });
  const notWell = (level: string) => ({
    summary: `Haven is ${level}`,
    description: '`haven status` on the server says of what, and since when.',
  });
  const silent = {
    summary: 'Haven answers no more',
    description:
      'No metrics for an hour: nobody knows whether backups run. `docker compose ps` and `docker compose logs controller` on the server.',
  };
  const at = (eval_time: string, { alertname, ...expected }: ReturnType<typeof alert>) => ({
    ...{ eval_time, alertname },
    exp_alerts: [expected],
  });
  const quiet = (eval_time: string, alertname: string) => ({ eval_time, alertname, exp_alerts: [] });
  const up = { series: 'haven_build_info{version="1"}', values: '1x240' };
  const level = (name: string, values: string) => ({ series: `haven_health{level="${name}"}`, values });
  const tests = [
    {
      interval: '1m',
      // An hour fresh, then late, then overdue.
      input_series: [
        up,
        level('fresh', '1x59 0x180'),
        level('late', '0x59 1x59 0x120'),
        level('overdue', '0x119 1x120'),
      ],
      alert_rule_test: [
        quiet('59m', 'HavenNotWell'),
        quiet('80m', 'HavenNotWell'),
        at('100m', alert('HavenNotWell', 'late', 'warning', notWell('late'))),
        at('160m', alert('HavenNotWell', 'overdue', 'critical', notWell('overdue'))),
        quiet('160m', 'HavenSilent'),
      ],
    },
    {
      interval: '1m',
      input_series: [{ ...up, values: '1x10' }],
      alert_rule_test: [
        quiet('60m', 'HavenSilent'),
        at('90m', alert('HavenSilent', undefined, 'critical', silent)),
      ],
    },
  ];

  await promtool(['check', 'rules', 'alerts.yml']);
  // JSON is YAML.
  const unit = JSON.stringify({ rule_files: ['/operate/alerts.yml'], tests });
  await promtool(['test', 'rules', '/dev/stdin'], unit);
});

test('every question of the dashboard is one that Prometheus understands', async () => {
  interface Panel {
    title: string;
    targets?: { expr: string }[];
  }
  const { panels } = JSON.parse(readFileSync(`${operate}/grafana.json`, 'utf8')) as { panels: Panel[] };
  const questions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  assert.ok(questions.length >= 8, `${questions.length} questions`);
  for (const question of questions)
    assert.notEqual(await promtool(['--experimental', 'promql', 'format', question]), '');
});
