// Strategy B through every fault of the emulator: what it says, its exit status, and that the store ends with each part once and a backup that can be read,
// or with none; then the next run finishes it. The table of all this is docs/faults-b.md: HAVEN_WRITE=1 writes it, otherwise it must be current.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { exitCodes } from '../../images/strategy-b/src/contract/errors.ts';
import { createTableBench, type Run, type TableBench } from './fault-table/bench.ts';
import { manners } from './fault-table/manners.ts';
import { asMarkdown, type Outcome, saidIn } from './fault-table/markdown.ts';
import { reading } from './fault-table/reading.ts';
import { refusals } from './fault-table/refusals.ts';
import { exempt, type Row } from './fault-table/row.ts';
import { sessions } from './fault-table/sessions.ts';
import { wrongBytes } from './fault-table/wrong-bytes.ts';
import { type DriveFile, storedFiles } from './harness.ts';

const chapters: [string, Row[]][] = [
  ['Refusals', refusals],
  ['Sessions and connections', sessions],
  ['Wrong bytes, and what happens behind our back', wrongBytes],
  ['Reading', reading],
  ['Manners of Google, and bad lines', manners],
];
const outcomes = new Map<Row, Outcome>();
let bench: TableBench;

before(async () => {
  bench = await createTableBench();
});
after(() => bench.dispose());
beforeEach(() => bench.reset());

for (const [chapter, rows] of chapters)
  for (const row of rows)
    test(`${chapter}: ${row.about}, ${row.where}`, async () => {
      if (row.at === 'audit') await goodBackup();

      await spoil(row);
      const run = row.at === 'audit' ? await bench.audit() : await bench.backup(row.own);

      const seen = JSON.stringify(run.events.slice(-8), null, 1);
      assert.equal(run.status, row.exit, seen);
      assert.equal(exitCodes[codeOf(run)], row.exit);
      assert.deepEqual([...codesIn(run)].sort(), [...(row.said ?? [])].sort(), seen);
      await assertHappened(row);
      const store = row.at === 'audit' ? afterAudit(run) : await afterBackup(row, run);
      outcomes.set(row, { row, said: saidIn(run.events), exit: run.status, store });
    });

test('every fault, setting and corruption of the emulator is in a row', async () => {
  const { faults, settings, corruptions } = (await bench.drive.admin('GET catalogue')) as Record<
    string,
    string[]
  >;
  const about = new Set(chapters.flatMap(([, rows]) => rows.flatMap(namesIn)));

  const missing = [...faults!, ...settings!, ...corruptions!].filter(
    (name) => !about.has(name) && exempt[name] === undefined,
  );

  assert.deepEqual(missing, []);
});

test('no list is by name: those are the ones that were seen to lag', async () => {
  await bench.drive.fault('list-lag', { by: 'name', times: 1000 });

  const runs = [await bench.backup(), await bench.audit()];

  const [left] = (await bench.drive.remainingFaults()) as { fired: number }[];
  assert.deepEqual([...runs.map(({ status }) => status), left?.fired], [0, 0, 0]);
});

test('docs/faults-b.md is what was seen', () => {
  const path = join(import.meta.dirname, '../../docs/faults-b.md');
  const tables = chapters.map(([title, rows]) => ({
    title,
    outcomes: rows.map((row) => outcomes.get(row) ?? assert.fail(`no outcome of ${row.about}, ${row.where}`)),
  }));

  const text = asMarkdown(tables, exempt);

  if (process.env.HAVEN_WRITE === '1') writeFileSync(path, text);
  assert.equal(readFileSync(path, 'utf8'), text, 'HAVEN_WRITE=1 writes it anew');
});

async function spoil({ faults = [], settings, corrupt }: Row): Promise<void> {
  if (settings !== undefined) await bench.drive.admin('POST settings', settings);
  if (corrupt !== undefined) {
    const { of, ...how } = corrupt;
    const files = await storedFiles(bench.drive);
    const isManifest = ({ name }: DriveFile) => name.endsWith('-manifest');
    const file = files.find((one) => one.blobPath !== undefined && isManifest(one) === (of === 'manifest'))!;
    await bench.drive.admin(`POST files/${file.id}/corrupt`, { with: files.find(isManifest)!.id, ...how });
  }
  for (const { name, ...params } of faults) await bench.drive.fault(name, params);
}

async function goodBackup(): Promise<void> {
  assert.equal((await bench.backup()).status, 0);
  bench.forgetManifests();
}

/** A fault that did nothing would make its row a lie. */
async function assertHappened({ faults = [] }: Row): Promise<void> {
  const left = (await bench.drive.remainingFaults()) as { name: string; times: number; fired: number }[];
  for (const { name, times, fired } of left)
    assert.ok(fired > 0 && times > 10, `${name} fired ${fired} times of ${times}`);
  assert.ok(left.length <= faults.length);
}

function afterAudit(run: Run): string {
  const finding = (run.events.at(-1)?.audit as { findings: { kind: string }[] } | undefined)?.findings[0];
  if (finding !== undefined) return `found: ${finding.kind}`;
  return run.status === 0 ? 'nothing found' : 'not looked at';
}

async function afterBackup(row: Row, run: Run): Promise<string> {
  if (run.status === 0 && row.audit === undefined) return assertWhole(await bench.audit());
  await bench.drive.admin('DELETE faults');
  await bench.drive.admin('POST settings', { storageLimitBytes: null });
  if (run.status === 0) {
    const audit = await bench.audit();
    assert.equal(audit.status, row.audit, JSON.stringify(audit.events.at(-1)));
    return `the audit after it: exit ${audit.status}, ${afterAudit(audit)}`;
  }
  assert.equal(manifestsIn(await storedFiles(bench.drive)), 0, 'a backup that failed has a manifest');
  const next = await bench.backup();
  assert.equal(next.status, 0, JSON.stringify(next.events.at(-1)));
  await assertWhole(await bench.audit());
  return 'no backup; the next run finishes it';
}

/** Each file once, all of it readable without strategy B, and an audit that is content. */
async function assertWhole(audit: Run): Promise<string> {
  const files = await storedFiles(bench.drive);
  const names = files.filter(({ blobPath }) => blobPath !== undefined).map(({ name }) => name);
  assert.deepEqual([audit.status, audit.events.at(-1)?.error], [0, undefined]);
  assert.equal(names.length, 3, `${names.length} files: ${names}`);
  assert.equal(new Set(names).size, 3, 'a part is there twice');
  assert.equal(manifestsIn(files), 1);
  assert.equal(bench.wrongWith(files), null);
  return 'a verified backup, each part once';
}

function manifestsIn(files: DriveFile[]): number {
  return files.filter(({ name }) => name.endsWith('-manifest')).length;
}

function codeOf({ events }: Run): keyof typeof exitCodes {
  return (events.at(-1)?.error as { code: keyof typeof exitCodes } | undefined)?.code ?? 'ok';
}

function codesIn({ events }: Run): Set<string> {
  return new Set(events.flatMap(({ event, code }) => (event === 'note' ? [String(code)] : [])));
}

function namesIn({ about, faults = [], settings = {} }: Row): string[] {
  return [about, ...faults.map(({ name }) => name), ...Object.keys(settings)];
}
